/** What probes measure of a tensor: one pass over it, or over an even share of one that is large. */
import { BIN_COUNT } from '../../util/log-bins.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';

/** Which values of a tensor are looked at: `rows` runs of `cols` values, `stride` apart. */
export interface Stretch {
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
}

/** Values in a run: what memory hands over at once. */
const RUN = 16;

/**
 * All of `count` values, or about `most` of them in runs that are spread evenly. The runs lie an odd number of runs
 * apart, so that they pass through all columns of matrices whose sizes are even.
 */
export function evenShare(count: number, most: number): Stretch {
  if (count <= Math.max(most, RUN)) return { rows: 1, cols: count, stride: count };
  const stride = RUN * (Math.ceil(count / most) | 1);
  return { rows: Math.floor((count - RUN) / stride) + 1, cols: RUN, stride };
}

/** Values in a stretch. */
export const sizeOf = ({ rows, cols }: Stretch): number => rows * cols;

/** See `StatisticsKernels.statistics`. */
export interface ValueStatistics {
  /** Values that were looked at. */
  readonly seen: number;
  /** Of the finite ones; NaN where there are none. */
  readonly mean: number;
  /** Over n. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** √Σ x² of the finite values seen. */
  readonly norm: number;
  readonly zeros: number;
  readonly nan: number;
  readonly inf: number;
  /** Counts of negative and of positive values, by bin from `FIRST_BIN` on. */
  readonly bins: readonly [Int32Array, Int32Array];
}

/** What is measured of a tensor's values. */
export interface StatisticsOptions {
  /** Which of them. Default all. */
  readonly stretch?: Stretch;
  /** By what they are multiplied first. Default 1. */
  readonly scale?: number;
  /** What `gathered` copied of the same stretch, to be taken off first; `scale` is not used then. */
  readonly minus?: Tensor;
}

const SPECIAL = 3;

/** Statistics of a tensor's values, in one pass. Leaves no trace on the tape. */
export function statisticsOf(x: Tensor, options: StatisticsOptions = {}): ValueStatistics {
  checkFloat('statisticsOf', x);
  const { stretch = evenShare(x.numel, x.numel), scale = 1, minus } = options;
  const { rows, cols, stride } = stretch;
  const out = x.empty([5]);
  const counts = x.empty([SPECIAL + 2 * BIN_COUNT], 'int32');
  x.backend.statistics(
    out.pointer,
    counts.pointer,
    x.pointer,
    minus?.pointer ?? null,
    rows,
    cols,
    stride,
    scale,
  );
  const [mean, std, min, max, norm] = out.doublesSync();
  const found = counts.dataSync() as Int32Array;
  out.dispose();
  counts.dispose();
  const [zeros, nan, inf] = found;
  const bins = found.subarray(SPECIAL);
  return {
    seen: rows * cols,
    mean,
    std,
    min,
    max,
    norm,
    zeros,
    nan,
    inf,
    bins: [bins.subarray(0, BIN_COUNT), bins.subarray(BIN_COUNT)],
  };
}

/** A copy of a stretch of x, one run after another: what an update is later measured against. */
export function gathered(x: Tensor, { rows, cols, stride }: Stretch): Tensor {
  const copy = x.empty([rows, cols]);
  x.backend.copyStrided(
    copy.pointer,
    x.pointer,
    'float32',
    [rows, cols],
    [cols, 1],
    [stride, 1],
    false,
  );
  return copy;
}

/** x (…, C): in how many rows each channel lies between two bounds, both excluded. */
export function countBetween(x: Tensor, low: number, high: number): Int32Array {
  checkFloat('countBetween', x);
  const cols = x.ndim === 0 ? 1 : x.size(-1);
  const counts = x.empty([cols], 'int32');
  const rows = cols === 0 ? 0 : x.numel / cols;
  x.backend.countBetween(counts.pointer, x.pointer, rows, cols, low, high);
  const found = counts.dataSync() as Int32Array;
  counts.dispose();
  return found;
}
