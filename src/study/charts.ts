/** From a study's results to what its pictures show. */
import { type AnyStudy, cellsOf, labelOf, matches } from './design.js';
import type { ChartPoint, ChartSeries, StudyPicture } from './picture.js';
import type { FinishedRun } from './results.js';
import { estimate } from './statistics.js';
import type { Chart, Level, Levels } from './study.js';
import { figuresOf } from './verdict.js';

/** The pictures of a study, in its order. Points without a figure (all of their runs failed) are left out. */
export function picturesOfStudy(study: AnyStudy, runs: readonly FinishedRun[]): StudyPicture[] {
  return (study.charts ?? []).map((chart) => pictureOf(study, chart, runs));
}

/** Values of a cell, one for each seed that has one. */
export function valuesOf(
  study: AnyStudy,
  runs: readonly FinishedRun[],
  measure: string,
  levels: Partial<Levels>,
): number[] {
  return runs
    .filter((run) => matches(run.levels, levels))
    .map((run) => figuresOf(run, study.measures)[measure]!)
    .filter(Number.isFinite);
}

function pictureOf(study: AnyStudy, chart: Chart, runs: readonly FinishedRun[]): StudyPicture {
  const { says, unit } = study.measures[chart.measure]!;
  const shared = {
    title: chart.title,
    kind: chart.kind,
    measure: unit ? `${says}, ${unit}` : says,
    log: chart.log ?? false,
  };
  if (chart.kind === 'dots') {
    const rows =
      chart.rows ?? Object.keys(study.factors).filter((f) => study.factors[f]!.length > 1);
    const cells = distinct(cellsOf(study), rows);
    const points = cells.flatMap((cell, x) =>
      pointAt(x, valuesOf(study, runs, chart.measure, cell)),
    );
    const labels = cells.map((cell) => labelOf(cell, rows));
    return { ...shared, across: '', labels, logAcross: false, series: [{ name: '', points }] };
  }
  const lines: Partial<Levels>[] = chart.lines
    ? study.factors[chart.lines]!.map((level) => ({ [chart.lines!]: level }))
    : [{}];
  const { logX: logAcross = false, x: across } = chart;
  if (chart.kind === 'curves') {
    const series = lines.map((levels) => curve(runs, chart.measure, across, levels));
    return { ...shared, across: study.measures[across]!.says, logAcross, series };
  }
  const places = study.factors[across]!;
  const isNumeric = places.every((level) => typeof level === 'number');
  const labels = isNumeric ? undefined : places.map((level) => labelOf({ [across]: level }));
  const series = lines.map((levels) => ({
    name: nameOf(levels),
    points: places.flatMap((level, i) => {
      const values = valuesOf(study, runs, chart.measure, { ...levels, [across]: level });
      return pointAt(isNumeric ? (level as number) : i, values);
    }),
  }));
  return { ...shared, across, ...(labels && { labels }), logAcross, series };
}

const nameOf = (levels: Partial<Levels>) => labelOf(levels as Levels);

/** The cells that differ in these factors. */
function distinct(cells: readonly Levels[], factors: readonly string[]): Levels[] {
  const seen = new Map<string, Record<string, Level>>();
  for (const cell of cells) {
    const part = Object.fromEntries(factors.map((factor) => [factor, cell[factor]!]));
    seen.set(JSON.stringify(part), part);
  }
  return [...seen.values()];
}

function pointAt(x: number, values: readonly number[]): ChartPoint[] {
  if (values.length === 0) return [];
  const { mean, interval } = estimate(values);
  return [{ x, mean, low: interval?.[0] ?? null, high: interval?.[1] ?? null }];
}

/** Series of the runs, point by point over the seeds. */
function curve(
  runs: readonly FinishedRun[],
  measure: string,
  across: string,
  levels: Partial<Levels>,
): ChartSeries {
  const own = runs.filter((run) => matches(run.levels, levels));
  const byPlace = new Map<number, number[]>();
  for (const { measures } of own) {
    const [xs, ys] = [measures?.[across], measures?.[measure]];
    if (!Array.isArray(xs) || !Array.isArray(ys)) continue;
    xs.forEach((x, i) => {
      const y = ys[i];
      if (typeof x !== 'number' || typeof y !== 'number') return;
      byPlace.set(x, [...(byPlace.get(x) ?? []), y]);
    });
  }
  const places = [...byPlace].sort(([a], [b]) => a - b);
  const points = places.flatMap(([x, values]) => pointAt(x, values));
  return { name: nameOf(levels), points };
}
