/**
 * Curves for a screen, from all of their points: each bucket of the horizontal axis keeps its least, its greatest
 * and its mean, so that no spike is lost; smoothing goes over the full series first, so that it does not change
 * with the number of points on the screen.
 */

/** The weights w of averages that the page offers: evenly in the number of points that are averaged. */
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
  /**
   * The weight w, from 0 to below 1, of the exponential average s ← w·s + (1 − w)·y of all points so far, begun without
   * bias as Adam's moments are (Kingma and Ba 2015, section 3), so that the first ones are not drawn to 0. NaN and
   * infinity are passed over. Default 0: none.
   */
  smoothing?: number;
}

/** Thins a curve whose x ascends; see above. Points that are not finite are left out. */
export function thin(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { points, from = -Infinity, to = Infinity, logX = false, smoothing = 0 }: ThinOptions,
): Thinned {
  const isSmoothed = smoothing > 0;
  const result: Thinned = { x: [], mean: [], min: [], max: [], ...(isSmoothed && { smooth: [] }) };
  const first = logX ? Math.max(from, Number.MIN_VALUE) : from;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!;
    if (!(at >= first && at <= to) || at === Infinity || at === -Infinity) continue;
    if (at < low) low = at;
    if (at > high) high = at;
  }
  if (!(low <= high)) return result;
  const base = logX ? Math.log(low) : low;
  const span = (logX ? Math.log(high) : high) - base;
  const toBucket = span > 0 ? points / span : 0;
  let bucket = -1;
  let count = 0;
  let [sumX, sumY, least, greatest] = [0, 0, 0, 0];
  let [sum, total] = [0, 0]; // of the average, and of its weights
  const close = () => {
    if (count === 0) return;
    result.x.push(sumX / count);
    result.mean.push(sumY / count);
    result.min.push(least);
    result.max.push(greatest);
    result.smooth?.push(sum / total);
    count = 0;
  };
  for (let i = 0; i < x.length; i++) {
    const at = x[i]!;
    const value = y[i]!;
    if (!Number.isFinite(value)) continue;
    // What lies before the part that is drawn counts in the average as well.
    if (at >= low && at <= high) {
      const place = ((logX ? Math.log(at) : at) - base) * toBucket;
      const next = Math.min(points - 1, Math.floor(place));
      if (next !== bucket) {
        close();
        bucket = next;
        [sumX, sumY, least, greatest] = [0, 0, Infinity, -Infinity];
      }
      count++;
      sumX += at;
      sumY += value;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    } else if (at > high) break;
    if (isSmoothed) {
      sum = smoothing * sum + (1 - smoothing) * value;
      total = smoothing * total + (1 - smoothing);
    }
  }
  close();
  return result;
}
