/** A run's curves as a report keeps them: on every axis and with every smoothing that its page offers. */
import type { RunConfig } from '../../runs/index.js';
import { AXES, type CurveQuery, curvesOf, METRICS, positions } from '../curves.js';
import type { Axis, Metric, ReportCurve, ReportCurves } from '../protocol.js';
import type { RunSeries } from '../run-series.js';
import { SMOOTHINGS } from '../thin.js';

/** Buckets: more than the pixels of most charts; the page is to stay small. */
const POINTS = 500;
/** As many digits as a picture shows, and some more. */
const DIGITS = 6;

function rounded(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(DIGITS)));
}

/** @param flopsPerToken NaN where it is not known. */
export function reportCurves(
  config: RunConfig,
  series: RunSeries,
  flopsPerToken: number,
): ReportCurves {
  const onAxes = (at: ArrayLike<number>, seconds?: Float64Array) =>
    Object.fromEntries(
      AXES.map((axis) => [axis, rounded(positions(series, axis, flopsPerToken)(at, seconds))]),
    ) as Record<Axis, number[]>;
  const curvesBy = (query: Partial<CurveQuery>) =>
    curvesOf(
      config,
      series,
      {
        ...{ axis: 'step', metrics: [...METRICS], points: POINTS, smoothing: 0 },
        ...{ logX: false, from: undefined, to: undefined, ...query },
      },
      flopsPerToken,
    );
  const form = (logX: boolean) => {
    const bySmoothing = SMOOTHINGS.filter((weight) => weight > 0).map(
      (smoothing) => [smoothing, curvesBy({ smoothing, logX }).curves] as const,
    );
    const plain = curvesBy({ logX }).curves;
    return Object.fromEntries(
      METRICS.map((metric): [Metric, ReportCurve] => {
        const { x, mean, min, max, range } = plain[metric]!;
        const smooth = bySmoothing.flatMap(([smoothing, curves]) => {
          const values = curves[metric]?.smooth;
          return values ? [[String(smoothing), rounded(values)] as const] : [];
        });
        return [
          metric,
          {
            ...{ x: onAxes(x), mean: rounded(mean), min: rounded(min), max: rounded(max), range },
            smooth: Object.fromEntries(smooth),
          },
        ];
      }),
    ) as Record<Metric, ReportCurve>;
  };
  const { name, evaluations, points } = curvesBy({ metrics: [] });
  const { x: _, ...rest } = evaluations;
  const x = onAxes(evaluations.step, series.evaluations.get('seconds'));
  return { name, linear: form(false), log: form(true), evaluations: { ...rest, x }, points };
}
