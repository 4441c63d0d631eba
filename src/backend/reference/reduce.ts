/**
 * Reductions over the middle of (outer, count, inner). Element (o, c, i) of x lies at
 * (o · count + c) · inner + i, and its result (o, i) at o · inner + i.
 */
import type { ReduceOp } from '../backend.js';
import type { HostArray } from './memory.js';

/** The `count` elements that are reduced into output (o, i). */
function column(x: HostArray, o: number, i: number, count: number, inner: number): Float64Array {
  const values = new Float64Array(count);
  for (let c = 0; c < count; c++) values[c] = x[(o * count + c) * inner + i];
  return values;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

const REDUCE: Record<ReduceOp, (values: Float64Array) => number> = {
  sum,
  mean: (values) => sum(values) / values.length, // 0/0 is NaN
  max: (values) => values.reduce((a, b) => Math.max(a, b)), // Math.max keeps NaN
};

/** Sum, mean or maximum: (outer, count, inner) → (outer, inner). */
export function reduce(
  op: ReduceOp,
  out: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      out[o * inner + i] = REDUCE[op](column(x, o, i, count, inner));
    }
  }
}

/** `mean = Σ x / count`, `out = Σ (x − mean)² / max(0, count − correction)`. */
export function variance(
  out: HostArray,
  mean: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
  correction: number,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const values = column(x, o, i, count, inner);
      const centre = sum(values) / count;
      const squares = sum(values.map((value) => (value - centre) ** 2));
      mean[o * inner + i] = centre;
      out[o * inner + i] = squares / Math.max(0, count - correction);
    }
  }
}

/**
 * Gradient of the maximum: `dx = [x = y] · dy / (how many x equal y)`. A column with a NaN has no
 * element equal to its maximum, and 0/0 makes its whole gradient NaN, as PyTorch's amax does.
 */
export function maxBackward(
  dx: HostArray,
  dy: HostArray,
  x: HostArray,
  y: HostArray,
  outer: number,
  count: number,
  inner: number,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const maximum = y[o * inner + i];
      const share = column(x, o, i, count, inner).filter((value) => value === maximum).length;
      for (let c = 0; c < count; c++) {
        const at = (o * count + c) * inner + i;
        dx[at] = ((x[at] === maximum ? 1 : 0) / share) * dy[o * inner + i];
      }
    }
  }
}

/** Σ x². */
export function sumOfSquares(x: HostArray, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += x[i] * x[i];
  return total;
}

/** Position of the first NaN or infinity, or −1. */
export function firstNonFinite(x: HostArray, count: number): number {
  for (let i = 0; i < count; i++) if (!Number.isFinite(x[i])) return i;
  return -1;
}
