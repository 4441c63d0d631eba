/** Curves out of a report, as the server would answer for them. */
import type {
  Axis,
  Curve,
  Metric,
  ReportCurve,
  ReportRun,
  RunCurves,
  SeriesReply,
} from '../src/lab/protocol.js';

export function seriesOf(
  runs: ReadonlyMap<string, ReportRun>,
  query: URLSearchParams,
): SeriesReply {
  const axis = (query.get('axis') ?? 'step') as Axis;
  const form = query.has('logX') ? 'log' : 'linear';
  const smoothing = query.get('smoothing') ?? '0';
  const [from, to] = [Number(query.get('from') ?? -Infinity), Number(query.get('to') ?? Infinity)];
  const metrics = (query.get('metrics') ?? 'loss').split(',') as Metric[];
  const replies = query.getAll('run').flatMap((name): RunCurves[] => {
    const run = runs.get(name);
    if (!run) return [];
    const { [form]: all, evaluations, points } = run.curves;
    const curves = Object.fromEntries(
      metrics.map((metric) => [metric, part(all[metric], axis, smoothing, from, to)]),
    );
    const { x, ...rest } = evaluations;
    return [{ name, curves, evaluations: { ...rest, x: x[axis] }, points, stops: [] }];
  });
  return { axis, runs: replies };
}

/** What of a curve lies between two positions. */
function part(curve: ReportCurve, axis: Axis, smoothing: string, from: number, to: number): Curve {
  const at = curve.x[axis];
  const kept = at.flatMap((x, i) => (x !== null && x >= from && x <= to ? [i] : []));
  const pick = (values: readonly number[]) => kept.map((i) => values[i]!);
  const smooth = curve.smooth[smoothing];
  const [mean, min, max] = [pick(curve.mean), pick(curve.min), pick(curve.max)];
  const isAll = kept.length === at.length;
  const range = isAll || kept.length === 0 ? curve.range : ends(mean);
  return { x: pick(at), mean, min, max, range, ...(smooth && { smooth: pick(smooth) }) };
}

/** The 1st and the 99th hundredth. */
function ends(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return [at(0.01), at(0.99)];
}
