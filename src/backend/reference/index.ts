/** Choosing by index along the middle of (outer, size, inner), and putting back. */
import type { HostArray } from './memory.js';

/** Calls `visit` with each element's place among the chosen and where its id points, in order of the ids. */
function eachChoice(
  ids: HostArray,
  [outer, size, count, inner]: readonly [number, number, number, number],
  shared: boolean,
  visit: (chosen: number, place: number) => void,
): number {
  const wanted = shared ? count : outer * count * inner;
  for (let i = 0; i < wanted; i++) if (ids[i] < 0 || ids[i] >= size) return i;
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++) {
        const chosen = (o * count + c) * inner + i;
        visit(chosen, (o * size + ids[shared ? c : chosen]) * inner + i);
      }
    }
  }
  return -1;
}

/** out (outer, count, inner) = x (outer, size, inner) at the ids. */
export function take(
  out: HostArray,
  x: HostArray,
  ids: HostArray,
  outer: number,
  size: number,
  count: number,
  inner: number,
  shared: boolean,
): number {
  return eachChoice(ids, [outer, size, count, inner], shared, (chosen, place) => {
    out[chosen] = x[place];
  });
}

/** x (outer, count, inner) into out (outer, size, inner) at the ids, or added there. */
export function put(
  out: HostArray,
  x: HostArray,
  ids: HostArray,
  outer: number,
  size: number,
  count: number,
  inner: number,
  shared: boolean,
  accumulate: boolean,
): number {
  return eachChoice(ids, [outer, size, count, inner], shared, (chosen, place) => {
    out[place] = accumulate ? out[place] + x[chosen] : x[chosen];
  });
}
