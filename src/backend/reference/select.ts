/** Counting and choosing: histogram and top-k. */
import type { HostArray } from './memory.js';

/** x falls into bin ⌊(x − low) · bins / (high − low)⌋; x = high into the last. */
export function histogram(
  counts: HostArray,
  x: HostArray,
  count: number,
  low: number,
  high: number,
  bins: number,
): void {
  counts.fill(0, 0, bins);
  for (let i = 0; i < count; i++) {
    if (!(x[i] >= low && x[i] <= high)) continue; // also leaves NaN out
    const bin = Math.floor(((x[i] - low) * bins) / (high - low));
    counts[Math.min(bin, bins - 1)]++;
  }
}

/** The k greatest of each row of x (rows, cols), descending, or the k least, ascending, and their columns: (rows, k). */
export function topk(
  values: HostArray,
  indices: HostArray,
  x: HostArray,
  rows: number,
  cols: number,
  k: number,
  largest: boolean,
): void {
  for (let r = 0; r < rows; r++) {
    const row = x.subarray(r * cols, (r + 1) * cols);
    const order = Array.from({ length: cols }, (_, c) => c);
    // The sort is stable, so equal values stay in order of index.
    order.sort((a, b) =>
      largest ? compareDescending(row[a], row[b]) : compareDescending(row[b], row[a]),
    );
    for (let j = 0; j < k; j++) {
      values[r * k + j] = row[order[j]];
      indices[r * k + j] = order[j];
    }
  }
}

/** NaN counts as the greatest of all. */
function compareDescending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a > b ? -1 : a < b ? 1 : 0;
}
