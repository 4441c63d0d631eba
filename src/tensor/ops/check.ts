/** What operations check of their inputs before they call a kernel. */
import { ShapeError } from '../../util/errors.js';
import { formatShape, type Shape, sameShape } from '../../util/shape.js';
import type { Tensor } from '../tensor.js';

/** The most dimensions that a strided kernel walks. */
const MAX_LOOPS = 8;

/** Throws unless `x` holds numbers (and not indices). */
export function checkFloat(operation: string, x: Tensor): void {
  if (x.dtype !== 'float32') {
    throw new ShapeError(
      operation,
      `expected a float32 tensor, got ${x.dtype} of shape ${formatShape(x.shape)}`,
    );
  }
}

/** Throws unless `ids` holds indices. */
export function checkIndices(operation: string, ids: Tensor): void {
  if (ids.dtype !== 'int32') {
    throw new ShapeError(
      operation,
      `expected int32 indices, got ${ids.dtype} of shape ${formatShape(ids.shape)}`,
    );
  }
}

/** Throws when more loops are left after collapsing than a strided kernel has. */
export function checkLoops(operation: string, loops: readonly number[]): void {
  if (loops.length > MAX_LOOPS) {
    throw new ShapeError(
      operation,
      `expected at most ${MAX_LOOPS} dimensions that cannot be merged, got ${loops.length}: ${formatShape(loops)}`,
    );
  }
}

/**
 * Throws unless `targets` has one entry for each row of `x`, a row being its last dimension: either
 * shape may be flat, but two that are not have to be equal, lest (T, B) be taken for (B, T).
 */
export function checkTargets(operation: string, x: Tensor, targets: Tensor): void {
  const lead = x.shape.slice(0, -1);
  const rows = lead.reduce((product, size) => product * size, 1);
  const comparable = lead.length > 1 && targets.ndim > 1;
  if (
    x.ndim < 1 ||
    rows !== targets.numel ||
    (comparable && !sameShape(lead as Shape, targets.shape))
  ) {
    throw new ShapeError(
      operation,
      `expected a target for each row (logits or x of shape (…, n), targets (…)), got ${formatShape(x.shape)} and ${formatShape(targets.shape)}`,
    );
  }
}
