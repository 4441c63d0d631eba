/** Looking up rows of a table, and the gradient of that. */
import type { HostArray } from './memory.js';

/** `out[i] = weight[ids[i]]`: ids (count) over weight (vocab, width) → (count, width). */
export function gatherRows(
  out: HostArray,
  weight: HostArray,
  ids: HostArray,
  count: number,
  vocab: number,
  width: number,
): number {
  for (let i = 0; i < count; i++) if (!(ids[i] >= 0 && ids[i] < vocab)) return i;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) out[i * width + j] = weight[ids[i] * width + j];
  }
  return -1;
}

/** `values[r] = Σ dy[i]` over the positions i whose id is `rows[r]`; the ids ascend. */
export function sumRowsById(
  rows: HostArray,
  values: HostArray,
  dy: HostArray,
  ids: HostArray,
  count: number,
  width: number,
): number {
  const sums = new Map<number, Float64Array>();
  for (let i = 0; i < count; i++) {
    const sum = sums.get(ids[i]) ?? new Float64Array(width);
    for (let j = 0; j < width; j++) sum[j] += dy[i * width + j];
    sums.set(ids[i], sum);
  }
  const distinct = [...sums.keys()].sort((a, b) => a - b);
  distinct.forEach((id, r) => {
    rows[r] = id;
    values.set(sums.get(id)!, r * width);
  });
  return distinct.length;
}

/** `out[rows[i]] += values[i]`. */
export function addRows(
  out: HostArray,
  rows: HostArray,
  values: HostArray,
  rowCount: number,
  width: number,
): void {
  for (let i = 0; i < rowCount; i++) {
    for (let j = 0; j < width; j++) out[rows[i] * width + j] += values[i * width + j];
  }
}
