/** Running sums and products over the middle of (outer, count, inner), and reductions of integers: see columns.ts. */
import type { IntegerReduceOp } from '../operations.js';
import { column, eachColumn } from './columns.js';
import type { HostArray } from './memory.js';

/** `out[c] = Σ x[0 … c]`, or `Σ x[c …]` when `reverse`. */
export function cumsum(
  out: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
  reverse: boolean,
): void {
  eachColumn(outer, count, inner, (_, first) => {
    let total = 0;
    for (let c = 0; c < count; c++) {
      const at = first + (reverse ? count - 1 - c : c) * inner;
      total += x[at];
      out[at] = total;
    }
  });
}

/** Product of each column. */
export function prod(
  out: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
): void {
  eachColumn(outer, count, inner, (result, first) => {
    const values = column(x, first, count, inner);
    out[result] = values.reduce((product, value) => product * value, 1);
  });
}

/** `dx[c] = dy · Π x[before c] · Π x[after c]`. */
export function prodBackward(
  dx: HostArray,
  dy: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
): void {
  eachColumn(outer, count, inner, (result, first) => {
    const values = column(x, first, count, inner);
    for (let c = 0; c < count; c++) {
      const others = values.filter((_, other) => other !== c);
      dx[first + c * inner] = others.reduce((product, value) => product * value, dy[result]);
    }
  });
}

const INTEGER_REDUCE: Record<IntegerReduceOp, (values: Float64Array) => number> = {
  sum: (values) => values.reduce((total, value) => (total + value) | 0, 0),
  max: (values) => values.reduce((a, b) => Math.max(a, b)),
  min: (values) => values.reduce((a, b) => Math.min(a, b)),
};

/** Sum (modulo 2³²), greatest or least of each column of int32. */
export function integerReduce(
  op: IntegerReduceOp,
  out: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
): void {
  eachColumn(outer, count, inner, (result, first) => {
    out[result] = INTEGER_REDUCE[op](column(x, first, count, inner));
  });
}
