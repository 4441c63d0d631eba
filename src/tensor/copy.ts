/** Copying, and telling tensors from other things, for those that `Tensor` itself is made of. */
import type { Tensor } from './tensor.js';

/** What every tensor, and nothing else, has. */
export const IS_TENSOR: unique symbol = Symbol('tensor');

export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [IS_TENSOR]?: unknown })[IS_TENSOR] === true
  );
}

/** A copy, off the tape. */
export function copyOf(x: Tensor): Tensor {
  const out = x.empty(x.shape, x.dtype);
  x.backend.copy(out.pointer, x.pointer, x.dtype, x.numel);
  return out;
}
