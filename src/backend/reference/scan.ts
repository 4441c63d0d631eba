/**
 * Running sums and products over the middle of (outer, count, inner), and reductions of integers. Element
 * (o, c, i) lies at (o · count + c) · inner + i, and the result of a column (o, i) at o · inner + i.
 */
import type { IntegerReduceOp } from '../operations.js';
import type { HostArray } from './memory.js';

/** Calls `visit` with each column's place among the results, and its elements' places from first to last. */
function eachColumn(
  outer: number,
  count: number,
  inner: number,
  visit: (result: number, places: number[]) => void,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const places = Array.from({ length: count }, (_, c) => (o * count + c) * inner + i);
      visit(o * inner + i, places);
    }
  }
}

/** `out[c] = Σ x[0 … c]`, or `Σ x[c …]` when `reverse`. */
export function cumsum(
  out: HostArray,
  x: HostArray,
  outer: number,
  count: number,
  inner: number,
  reverse: boolean,
): void {
  eachColumn(outer, count, inner, (_, places) => {
    let total = 0;
    for (const at of reverse ? places.reverse() : places) {
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
  eachColumn(outer, count, inner, (result, places) => {
    out[result] = places.reduce((product, at) => product * x[at], 1);
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
  eachColumn(outer, count, inner, (result, places) => {
    places.forEach((at, c) => {
      const others = places.filter((_, other) => other !== c);
      dx[at] = others.reduce((product, other) => product * x[other], dy[result]);
    });
  });
}

const INTEGER_REDUCE: Record<IntegerReduceOp, (values: number[]) => number> = {
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
  eachColumn(outer, count, inner, (result, places) => {
    out[result] = INTEGER_REDUCE[op](places.map((at) => x[at]));
  });
}
