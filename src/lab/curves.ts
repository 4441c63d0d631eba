/** From a run's numbers to the curves that the page draws. */
import { type RunConfig, unknownName } from '../runs/index.js';
import { UsageError } from '../util/errors.js';
import type { Axis, Curve, Metric, RunCurves } from './protocol.js';
import type { RunSeries } from './run-series.js';
import { thin } from './thin.js';

export const AXES: readonly Axis[] = ['step', 'tokens', 'seconds', 'flops'];
export const METRICS: readonly Metric[] = ['loss', 'lr', 'gradNorm', 'tokensPerSecond'];
/** More than any screen is wide. */
const MOST_POINTS = 4000;
/** Values among which a quantile is looked for; of more, every so many. */
const QUANTILE_VALUES = 4096;

export interface CurveQuery {
  axis: Axis;
  metrics: Metric[];
  points: number;
  smoothing: number;
  logX: boolean;
  from: number | undefined;
  to: number | undefined;
}

/** Reads a query. @throws UsageError for what is out of range. */
export function curveQuery(get: (key: string) => string | undefined): CurveQuery {
  const axis = (get('axis') ?? 'step') as Axis;
  if (!AXES.includes(axis)) throw unknownName('axis', axis, AXES);
  const metrics = (get('metrics') ?? 'loss').split(',').slice(0, METRICS.length) as Metric[];
  for (const metric of metrics) {
    if (!METRICS.includes(metric)) throw unknownName('metric', metric, METRICS);
  }
  return {
    axis,
    metrics,
    points: within('points', get('points') ?? '600', 2, MOST_POINTS),
    smoothing: within('smoothing', get('smoothing') ?? '0', 0, 0.9999),
    logX: get('logX') === '1',
    from: optional('from', get('from')),
    to: optional('to', get('to')),
  };
}

function within(key: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text !== '' && value >= least && value <= most) return value;
  throw new UsageError(
    `${key}: expected a number from ${least} to ${most}, got ${JSON.stringify(text.slice(0, 40))}.`,
  );
}

function optional(key: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : within(key, text, -Number.MAX_VALUE, Number.MAX_VALUE);
}

/**
 * A run's curves.
 *
 * @param flopsPerToken for the axis of floating-point operations; NaN where it is not known.
 */
export function curvesOf(
  config: RunConfig,
  series: RunSeries,
  query: CurveQuery,
  flopsPerToken: number,
): RunCurves {
  const { axis, metrics, points, smoothing, logX, from, to } = query;
  const { steps, evaluations } = series;
  const position = positions(series, axis, flopsPerToken);
  const x = position(steps.get('step'), steps.get('seconds'));
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  const options = { points: Math.round(points), smoothing, logX, ...range };
  const curves: Partial<Record<Metric, Curve>> = {};
  for (const metric of metrics) {
    const y = steps.get(metric);
    const smoothing = metric === 'lr' ? 0 : options.smoothing; // a schedule has no noise
    curves[metric] = { ...thin(x, y, { ...options, smoothing }), range: quantiles(x, y, options) };
  }
  const at = [...evaluations.get('step')];
  const stopSteps = series.stops.map(({ step }) => step);
  return {
    name: config.name,
    curves,
    evaluations: {
      x: Array.from(position(at, evaluations.get('seconds'))),
      step: at,
      loss: [...evaluations.get('loss')],
      emaLoss: [...evaluations.get('emaLoss')].map((loss) => (Number.isFinite(loss) ? loss : null)),
    },
    points: steps.length,
    stops: series.stops.map((stop, i) => ({
      ...stop,
      x: position(stopSteps, undefined)[i]!,
    })),
  };
}

/** Where on an axis a step lies; seconds are taken where an event has them, else between its neighbours. */
export function positions(series: RunSeries, axis: Axis, flopsPerToken: number) {
  const steps = series.steps.get('step');
  const lookUp = (at: ArrayLike<number>, values: Float64Array) =>
    Float64Array.from(at, (step) => interpolate(steps, values, step));
  return (at: ArrayLike<number>, seconds: Float64Array | undefined): ArrayLike<number> => {
    if (axis === 'step') return at;
    if (axis === 'seconds') return seconds ?? lookUp(at, series.steps.get('seconds'));
    const tokens =
      at === steps ? series.steps.get('tokens') : lookUp(at, series.steps.get('tokens'));
    return axis === 'tokens' ? tokens : Float64Array.from(tokens, (n) => n * flopsPerToken);
  };
}

/** The value at `x` of a curve whose positions ascend; beyond its ends it goes on in proportion. */
function interpolate(xs: Float64Array, ys: Float64Array, x: number): number {
  const last = xs.length - 1;
  if (last < 0) return Number.NaN;
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  if (xs[low] === x || low === 0) return xs[low]! > 0 ? (ys[low]! * x) / xs[low]! : ys[low]!;
  if (xs[low]! < x) return (ys[low]! * x) / xs[low]!;
  const share = (x - xs[low - 1]!) / (xs[low]! - xs[low - 1]!);
  return ys[low - 1]! + share * (ys[low]! - ys[low - 1]!);
}

/** The 1st and 99th hundredth of the values in a range of positions. */
function quantiles(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { from = -Infinity, to = Infinity }: { from?: number; to?: number },
): [number, number] | null {
  const isInside = (i: number) => x[i]! >= from && x[i]! <= to && Number.isFinite(y[i]!);
  let count = 0;
  for (let i = 0; i < y.length; i++) if (isInside(i)) count++;
  if (count === 0) return null;
  const stride = Math.ceil(count / QUANTILE_VALUES);
  const values = new Float64Array(Math.ceil(count / stride));
  let seen = 0;
  for (let i = 0; i < y.length; i++) {
    if (isInside(i) && seen++ % stride === 0) values[(seen - 1) / stride] = y[i]!;
  }
  values.sort();
  const at = (share: number) => values[Math.round(share * (values.length - 1))]!;
  return [at(0.01), at(0.99)];
}
