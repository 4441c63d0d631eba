/** Choosing and counting: operations whose results are positions or counts, without gradients. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkRange, checkWhole } from './check.js';

/**
 * The `k` greatest along the last dimension, descending, equals by lower index: `values` and `indices`
 * of shape (…, k). Off the tape: a position has no gradient.
 */
export function topk(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  return greatest('topk', x, k);
}

function greatest(operation: string, x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  checkFloat(operation, x);
  const cols = x.ndim === 0 ? 0 : x.size(-1);
  if (!Number.isInteger(k) || k < 0 || k > cols) {
    throw new ShapeError(
      operation,
      `expected k from 0 to ${cols}, got ${describeValue(k)} for ${formatShape(x.shape)}`,
    );
  }
  const rows = cols === 0 ? 0 : x.numel / cols;
  const shape = [...x.shape.slice(0, -1), k]; // (…, cols) → (…, k)
  const values = x.empty(shape);
  const indices = x.empty(shape, 'int32');
  x.backend.topk(values.pointer, indices.pointer, x.pointer, rows, cols, k, true);
  return { values, indices };
}

/** Position of the greatest along the last dimension: (…, cols) → (…). Off the tape. */
export function argmax(x: Tensor): Tensor {
  const { values, indices } = greatest('argmax', x, 1);
  values.dispose();
  return indices.alias(x.shape.slice(0, -1));
}

/** How many elements lie in each of `bins` equal bins over [low, high], as `torch.histc`: int32 (bins). */
export function histogram(x: Tensor, bins: number, low: number, high: number): Tensor {
  checkFloat('histogram', x);
  checkWhole('histogram', 'bins', bins, 1);
  checkRange('histogram', 'low', low);
  checkRange('histogram', 'high', high);
  if (!(low < high && Number.isFinite(high - low))) {
    throw new UserError(`histogram: expected low < high, finite, got [${low}, ${high}]`);
  }
  const counts = x.empty([bins], 'int32');
  x.backend.histogram(counts.pointer, x.pointer, x.numel, low, high, bins);
  return counts;
}

/** Position of the first NaN or infinity, or −1. */
export function firstNonFinite(x: Tensor): number {
  checkFloat('firstNonFinite', x);
  return x.backend.firstNonFinite(x.pointer, x.numel);
}
