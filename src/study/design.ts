/** The cells of a study, and its runs in order. */
import type { Level, Levels, Study } from './study.js';

/** A study, whatever its scale is. */
// biome-ignore lint/suspicious/noExplicitAny: a study reads its own scale alone, which the runner hands through
export type AnyStudy = Study<any>;

/** One run of a study. */
export interface PlannedRun {
  readonly levels: Levels;
  readonly seed: number;
}

/** All combinations of levels, the last factor changing fastest, but those that the study leaves out. */
export function cellsOf(study: Pick<AnyStudy, 'factors' | 'without'>): Levels[] {
  let cells: Record<string, Level>[] = [{}];
  for (const [factor, levels] of Object.entries(study.factors)) {
    cells = cells.flatMap((cell) => levels.map((level) => ({ ...cell, [factor]: level })));
  }
  return cells.filter((cell) => !study.without?.(cell));
}

/** Seeds 0, 1, …: all cells of one, then of the next, so that what is there can be compared whenever it stops. */
export function plan(study: AnyStudy, seeds: number): PlannedRun[] {
  const cells = cellsOf(study);
  return Array.from({ length: seeds }, (_, seed) =>
    cells.map((levels) => ({ levels, seed })),
  ).flat();
}

/** Whether a cell has these levels. */
export function matches(cell: Levels, wanted: Partial<Levels>): boolean {
  return Object.entries(wanted).every(([factor, level]) => cell[factor] === level);
}

/** `kaiming, depth 20`: a text says what it is, a number needs its factor's name. */
export function labelOf(levels: Levels, factors: readonly string[] = Object.keys(levels)): string {
  return factors
    .map((factor) => {
      const level = levels[factor]!;
      if (typeof level === 'string') return level;
      if (typeof level === 'boolean') return level ? factor : `no ${factor}`;
      return `${factor} ${level}`;
    })
    .join(', ');
}
