/** Rotary positions: each pair of numbers turned by its angle. */
import type { HostArray } from './memory.js';

/** `out[i] = x[i] · cos[i] + x[partner] · sin[i]` for the first `dims` of the first `turned` heads. */
export function rotary(
  out: HostArray,
  x: HostArray,
  table: HostArray,
  batch: number,
  time: number,
  heads: number,
  turned: number,
  width: number,
  dims: number,
  interleaved: boolean,
  back: boolean,
): void {
  const partner = (i: number) => (interleaved ? i ^ 1 : (i + dims / 2) % dims);
  for (let row = 0; row < batch * time; row++) {
    const cos = (row % time) * 2 * dims;
    for (let h = 0; h < heads; h++) {
      const at = (row * heads + h) * width;
      const head = x.slice(at, at + width); // out may be x
      for (let i = 0; i < width; i++) {
        if (h >= turned || i >= dims) out[at + i] = head[i];
        else {
          const sine = back ? -table[cos + dims + i] : table[cos + dims + i];
          out[at + i] = head[i] * table[cos + i] + head[partner(i)] * sine;
        }
      }
    }
  }
}
