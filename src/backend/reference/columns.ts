/**
 * Columns: the middle of (outer, count, inner). Element (o, c, i) of x lies at (o · count + c) · inner + i,
 * and the result of column (o, i) at o · inner + i.
 */
import type { HostArray } from './memory.js';

/**
 * Calls `visit` with each column's place among the results, and that of its first element; each of the
 * others lies `inner` further on.
 */
export function eachColumn(
  outer: number,
  count: number,
  inner: number,
  visit: (result: number, first: number) => void,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) visit(o * inner + i, o * count * inner + i);
  }
}

/** The values of the column that begins at `first`. */
export function column(x: HostArray, first: number, count: number, inner: number): Float64Array {
  const values = new Float64Array(count);
  for (let c = 0; c < count; c++) values[c] = x[first + c * inner];
  return values;
}
