/** Reductions over the middle of (outer, count, inner): see columns.ts. */
import type { ReduceOp } from '../backend.js';
import { column, eachColumn } from './columns.js';
import type { HostArray } from './memory.js';

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
  eachColumn(outer, count, inner, (result, first) => {
    out[result] = REDUCE[op](column(x, first, count, inner));
  });
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
  eachColumn(outer, count, inner, (result, first) => {
    const values = column(x, first, count, inner);
    const centre = sum(values) / count;
    const squares = sum(values.map((value) => (value - centre) ** 2));
    mean[result] = centre;
    out[result] = squares / Math.max(0, count - correction);
  });
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
  eachColumn(outer, count, inner, (result, first) => {
    const values = column(x, first, count, inner);
    const maximum = y[result];
    const share = values.filter((value) => value === maximum).length;
    values.forEach((value, c) => {
      dx[first + c * inner] = ((value === maximum ? 1 : 0) / share) * dy[result];
    });
  });
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
