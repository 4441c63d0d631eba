/** Seeing the gradient of what lies between: of an activation, on its way back. */
import type { Tensor } from './tensor.js';

/**
 * Has `see` called with the whole gradient of `x`, the result of a recorded operation, when a backward comes by; it
 * may be read there and then, and not changed or kept. PyTorch's `register_hook`, for looking only. Nothing where `x`
 * has no history.
 */
export function watchGradient(x: Tensor, see: (gradient: Tensor) => void): void {
  const { node } = x;
  if (!node) return;
  const { watch } = node;
  node.watch = watch ? (dy) => [watch, see].forEach((each) => void each(dy)) : see;
}
