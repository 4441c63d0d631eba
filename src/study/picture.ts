/** What a study's picture shows: means with their intervals. Drawn in `web/charts/study.ts`. */

/** A mean over seeds, and where its 95 % interval ends; both null where there is none. */
export interface ChartPoint {
  /** On the horizontal axis: a number, or the place of a label. */
  readonly x: number;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

export interface StudyPicture {
  readonly title: string;
  /** `dots` lie in rows along a horizontal axis; `lines` and `curves` go over one, `curves` with a band. */
  readonly kind: 'dots' | 'lines' | 'curves';
  /** Of the axis of what is measured, and of the other one. */
  readonly measure: string;
  readonly across: string;
  /** Names of places on the other axis, where it has no numbers. */
  readonly labels?: readonly string[];
  readonly log: boolean;
  readonly logAcross: boolean;
  readonly series: readonly ChartSeries[];
}

/** What `web/pictures.ts` gives, once it is bundled: SVG for light and dark alike. */
export type DrawStudy = (picture: StudyPicture) => string;
