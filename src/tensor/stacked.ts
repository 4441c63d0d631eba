/** Several matrices in one tensor, one below the other: queries, keys and values that one product computes. */
import { describeValue } from '../util/describe.js';
import { ShapeError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import { checkTensor } from './ops/check.js';
import type { Tensor } from './tensor.js';

// Kept aside, as roles are: every operation sees tensors of one layout.
const rowsOf = new WeakMap<Tensor, readonly number[]>();

/**
 * Says that a matrix is several, one below the other, for an optimizer that treats a matrix as such (`Muon`).
 * Whoever only adds and multiplies need not know. Returns the same tensor.
 *
 * ```ts
 * readonly qkv = stackMatrices(parameter(randn(3 * C, C)), [C, C, C]);
 * ```
 *
 * @param rows of each, from the top; their sum is the tensor's.
 * @throws ShapeError for another sum, or what is no matrix; UserError for what is no tensor.
 */
export function stackMatrices(tensor: Tensor, rows: readonly number[]): Tensor {
  checkTensor('stackMatrices', tensor);
  const whole =
    Array.isArray(rows) && rows.every((count) => Number.isSafeInteger(count) && count > 0);
  const sum = whole ? rows.reduce((a, b) => a + b, 0) : Number.NaN;
  if (tensor.ndim !== 2 || sum !== tensor.shape[0]) {
    const got = Array.isArray(rows)
      ? `[${rows.map(describeValue).join(', ')}]`
      : describeValue(rows);
    throw new ShapeError(
      'stackMatrices',
      `expected a matrix and numbers of rows that add up to its own, got ${formatShape(tensor.shape)} and ${got}`,
    );
  }
  rowsOf.set(tensor, [...rows]);
  return tensor;
}

/** Rows of each matrix that a matrix holds: its own, unless `stackMatrices` has said otherwise. */
export function stackedRows(tensor: Tensor): readonly number[] {
  return rowsOf.get(tensor) ?? tensor.shape.slice(0, 1);
}
