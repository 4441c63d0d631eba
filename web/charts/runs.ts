/** Curves of runs, one over the other. */
import type { EChartsCoreOption } from 'echarts/core';
import type { Metric, RunCurves } from '../../src/lab/protocol.js';
import { type Line, lineOption } from './lines.js';
import { type Mark, markOf } from './palette.js';

/** The metrics beside the loss: title, and whether the axis is logarithmic. */
export const SMALL_CHARTS: readonly (readonly [Metric, string, boolean])[] = [
  ['lr', 'Learning rate', false],
  ['gradNorm', 'Gradient norm', true],
  ['tokensPerSecond', 'Tokens per second', false],
];

export interface RunsChart {
  readonly runs: readonly RunCurves[];
  /** Names of all runs compared, in the order that gives their letters. */
  readonly order: readonly string[];
  readonly axis: string;
  readonly theme: 'light' | 'dark';
  readonly logX: boolean;
  readonly logY: boolean;
}

export interface LossChart extends RunsChart {
  /** What 98 of 100 points of every run fit into, in place of all. */
  readonly fit: boolean;
  readonly zoom: readonly [number, number] | null;
  readonly references: readonly { readonly label: string; readonly y: number }[];
}

function linesOf(run: RunCurves, mark: Mark, metric: Metric): Line[] {
  const curve = run.curves[metric];
  if (!curve) return [];
  const band = { min: curve.min, max: curve.max };
  return [{ name: run.name, ...mark, x: curve.x, y: curve.smooth ?? curve.mean, band }];
}

export function lossOption(chart: LossChart): EChartsCoreOption {
  const { runs, order, axis, theme, logX, logY, zoom, references } = chart;
  const lines = runs.flatMap((run) => {
    const at = order.indexOf(run.name);
    if (at < 0) return [];
    const mark = markOf(at, theme);
    const { letter: _, ...style } = mark;
    const evaluations = {
      ...{ ...style, dash: [1, 2], symbols: true, width: 1 },
      ...{ name: `${run.name}, validation`, ...evaluationsIn(run, zoom) },
    };
    return [...linesOf(run, mark, 'loss'), evaluations];
  });
  const range = chart.fit && { range: rangeOf(chart) };
  return lineOption({ ...{ axis, lines, theme, logX, logY, references }, ...range });
}

export function metricOption(metric: Metric, chart: RunsChart): EChartsCoreOption {
  const { runs, order, axis, theme, logX, logY } = chart;
  const lines = runs.flatMap((run) => {
    const at = order.indexOf(run.name);
    return at < 0 ? [] : linesOf(run, markOf(at, theme), metric);
  });
  const isPositive = lines.every(({ y }) => y.every((value) => value === null || value > 0));
  return lineOption({ axis, lines, theme, logX, logY: logY && isPositive });
}

function evaluationsIn(run: RunCurves, range: LossChart['zoom']): { x: number[]; y: number[] } {
  const { x, loss } = run.evaluations;
  const kept = x.map((_, i) => i).filter((i) => !range || (x[i]! >= range[0] && x[i]! <= range[1]));
  return { x: kept.map((i) => x[i]!), y: kept.map((i) => loss[i]!) };
}

/**
 * Losses of evaluations but for those beside which training's own loss is left out as well: of a run that begins at
 * 80, the first ones. One that goes where training does not (overfitting) always counts.
 */
function evaluationsThatCount(run: RunCurves, zoom: LossChart['zoom']): number[] {
  const { x, y } = evaluationsIn(run, zoom);
  const curve = run.curves.loss;
  if (!curve?.range) return y;
  const [low, high] = curve.range;
  const side = (value: number) => (value > high ? 1 : value < low ? -1 : 0);
  return y.filter((value, i) => {
    const beside = curve.mean[curve.x.findLastIndex((at) => at <= x[i]!)];
    return side(value) === 0 || beside === undefined || side(beside) !== side(value);
  });
}

/** Of what is visible, evaluations and lines to compare with too. */
function rangeOf({ runs, zoom, references }: LossChart): [number | null, number | null] {
  const ranges = runs.flatMap(({ curves }) => curves.loss?.range ?? []);
  const evaluations = runs.flatMap((run) => evaluationsThatCount(run, zoom));
  const all = [...ranges, ...evaluations, ...references.map(({ y }) => y)];
  const values = all.filter(Number.isFinite);
  if (values.length === 0) return [null, null];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.04 || Math.abs(high) * 0.01;
  return [low - room, high + room];
}
