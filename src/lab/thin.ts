/**
 * Curves for a screen, from all of their points: each bucket of the horizontal axis keeps its least, its greatest
 * and its mean, so that no spike is lost; smoothing goes over the full series first, so that it does not change
 * with the number of points on the screen.
 */

/** The weights of `smoothed` that the page offers: evenly in the number of points that are averaged. */
export const SMOOTHINGS = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998];

/** A thinned curve: one entry for each bucket that has points. */
export interface Thinned {
  /** The mean of the bucket's own positions. */
  x: number[];
  mean: number[];
  min: number[];
  max: number[];
  /** The smoothed curve at the bucket's last point; absent without smoothing. */
  smooth?: number[];
}

export interface ThinOptions {
  /** The number of buckets. */
  points: number;
  /** Part of the axis. Default: all. */
  from?: number;
  to?: number;
  /** Buckets of equal ratio in place of equal width. Positions up to 0 are left out. */
  logX?: boolean;
  /** See `smoothed`. Default 0: none. */
  smoothing?: number;
}

/**
 * The exponential average of a series: s ← w·s + (1 − w)·y with the weight w, begun without bias as Adam's moments
 * are (Kingma and Ba 2015, section 3), so that the first points are not drawn to 0. NaN and infinity are passed over.
 *
 * @param weight from 0 (the series itself) to below 1.
 */
export function smoothed(y: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(y.length);
  let sum = 0;
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    if (Number.isFinite(value)) {
      sum = weight * sum + (1 - weight) * value;
      total = weight * total + (1 - weight);
    }
    result[i] = total > 0 ? sum / total : Number.NaN;
  }
  return result;
}

/** Thins a curve whose x ascends; see above. Points that are not finite are left out. */
export function thin(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { points, from = -Infinity, to = Infinity, logX = false, smoothing = 0 }: ThinOptions,
): Thinned {
  const smooth = smoothing > 0 ? smoothed(y, smoothing) : undefined;
  const result: Thinned = { x: [], mean: [], min: [], max: [], ...(smooth && { smooth: [] }) };
  let low = Infinity;
  let high = -Infinity;
  const isIn = (i: number) => {
    const at = x[i]!;
    return at >= from && at <= to && Number.isFinite(at) && (!logX || at > 0);
  };
  for (let i = 0; i < x.length; i++) {
    if (!isIn(i)) continue;
    low = Math.min(low, x[i]!);
    high = Math.max(high, x[i]!);
  }
  if (!(low <= high)) return result;
  const scale = logX ? Math.log : (value: number) => value;
  const [base, span] = [scale(low), scale(high) - scale(low)];
  let bucket = -1;
  let count = 0;
  let [sumX, sumY, least, greatest, last] = [0, 0, 0, 0, Number.NaN];
  const close = () => {
    if (count === 0) return;
    result.x.push(sumX / count);
    result.mean.push(sumY / count);
    result.min.push(least);
    result.max.push(greatest);
    result.smooth?.push(last);
    count = 0;
  };
  for (let i = 0; i < x.length; i++) {
    const value = y[i]!;
    if (!isIn(i) || !Number.isFinite(value)) continue;
    const share = span > 0 ? (scale(x[i]!) - base) / span : 0;
    const next = Math.min(points - 1, Math.floor(share * points));
    if (next !== bucket) {
      close();
      bucket = next;
      [sumX, sumY, least, greatest] = [0, 0, Infinity, -Infinity];
    }
    count++;
    sumX += x[i]!;
    sumY += value;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
    if (smooth) last = smooth[i]!;
  }
  close();
  return result;
}
