import type { DType } from '../backend.js';
import type { HostArray } from './memory.js';
import { positionOf } from './strides.js';

/**
 * `out[index · stridesOut] = x[index · stridesX]` for every index of `shape`, or `+=`.
 *
 * Transposing (m, n) is shape (n, m), stridesOut (m, 1), stridesX (1, n). Expanding has zeros among
 * stridesX; the gradient of expanding accumulates with the same zeros among stridesOut.
 */
export function copyStrided(
  out: HostArray,
  x: HostArray,
  _dtype: DType,
  shape: readonly number[],
  stridesOut: readonly number[],
  stridesX: readonly number[],
  accumulate: boolean,
): void {
  const count = shape.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    const to = positionOf(i, shape, stridesOut);
    const from = positionOf(i, shape, stridesX);
    out[to] = accumulate ? out[to] + x[from] : x[from];
  }
}
