/**
 * Order: the greatest, the least, and all in between. NaN counts as the greatest of all, and of equals
 * the one with the lower index comes first. Positions have no gradient; values have that of the elements
 * which they are.
 */
import { describeValue } from '../../util/describe.js';
import { ShapeError } from '../../util/errors.js';
import { formatShape, normalizeDim } from '../../util/shape.js';
import type { Tensor } from '../tensor.js';
import type { Operand } from './arguments.js';
import { maximum, minimum } from './arithmetic.js';
import { checkFlag, checkFloat, checkOptions, checkTensor } from './check.js';
import { neg } from './elementwise.js';
import { reshape, transpose } from './move.js';
import { amax, amin } from './reduce.js';
import { squeeze } from './shapes.js';
import { gather } from './take.js';

/** Elements, and where they were. */
export interface ValuesAndIndices {
  values: Tensor;
  /** int32. */
  indices: Tensor;
}

/** Positions of the first k along `dim`, off the tape. */
function firstIndices(
  operation: string,
  x: Tensor,
  k: number,
  dim: number,
  largest: boolean,
): Tensor {
  const last = x.ndim - 1;
  const rowsLast = dim === last ? x.detach() : transpose(x.detach(), dim, last);
  const cols = rowsLast.size(-1);
  if (!Number.isInteger(k) || k < 0 || k > cols) {
    throw new ShapeError(
      operation,
      `expected k from 0 to ${cols}, got ${describeValue(k)} for ${formatShape(x.shape)}`,
    );
  }
  const rows = cols === 0 ? 0 : x.numel / cols;
  const shape = [...rowsLast.shape.slice(0, -1), k]; // (…, cols) → (…, k)
  const values = x.empty(shape);
  const indices = x.empty(shape, 'int32');
  const [v, i, from] = [values.pointer, indices.pointer, rowsLast.pointer];
  x.backend.topk(v, i, from, rows, cols, k, largest);
  values.dispose();
  return dim === last ? indices : transpose(indices, dim, last);
}

function first(
  operation: string,
  x: Tensor,
  k: number,
  dim: number,
  largest: boolean,
): ValuesAndIndices {
  checkFloat(operation, x);
  const from = x.ndim === 0 ? reshape(x, [1]) : x;
  const at = normalizeDim(operation, dim, from.ndim);
  const indices = firstIndices(operation, from, k, at, largest);
  return { values: gather(from, at, indices), indices };
}

/**
 * The `k` greatest along `dim` (default: the last), descending; with `largest: false` the k least,
 * ascending.
 */
export function topk(
  x: Tensor,
  k: number,
  dim = -1,
  options: { largest?: boolean } = {},
): ValuesAndIndices {
  const { largest = true } = checkOptions('topk', options, ['largest']);
  checkFlag('topk', 'largest', largest);
  return first('topk', x, k, dim, largest);
}

/** Sorted along `dim` (default: the last), ascending by default. Equals stay in order. */
export function sort(x: Tensor, dim = -1, descending = false): ValuesAndIndices {
  checkFloat('sort', x);
  checkFlag('sort', 'descending', descending);
  const { values, indices } = first('sort', x, x.ndim === 0 ? 1 : x.size(dim), dim, descending);
  if (x.ndim > 0) return { values, indices };
  return { values: reshape(values, []), indices: reshape(indices, []) };
}

/** The positions that sort along `dim`. */
export function argsort(x: Tensor, dim = -1, descending = false): Tensor {
  checkTensor('argsort', x);
  return sort(x.detach(), dim, descending).indices;
}

/** Position of the greatest, or of the least: NaN is both, as in PyTorch. */
function extremeIndex(operation: string, x: Tensor, dim: number, greatest: boolean): Tensor {
  const values = x.detach();
  return firstIndices(operation, greatest ? values : neg(values), 1, dim, true);
}

function checkSome(operation: string, x: Tensor, count: number): void {
  if (count > 0) return;
  throw new ShapeError(
    operation,
    `expected at least one element to choose from, got shape ${formatShape(x.shape)}`,
  );
}

function position(
  operation: string,
  x: Tensor,
  dim: number | null | undefined,
  keepdim: boolean,
  greatest: boolean,
): Tensor {
  checkFloat(operation, x);
  if (dim == null) {
    checkSome(operation, x, x.numel);
    const index = extremeIndex(operation, reshape(x, [x.numel]), 0, greatest);
    return reshape(index, keepdim ? x.shape.map(() => 1) : []);
  }
  const at = normalizeDim(operation, dim, x.ndim);
  checkSome(operation, x, x.shape[at]);
  const indices = extremeIndex(operation, x, at, greatest);
  return keepdim ? indices : squeeze(indices, at);
}

/** Position of the greatest along `dim`, or in the flat tensor: int32. */
export function argmax(x: Tensor, dim?: number | null, keepdim = false): Tensor {
  return position('argmax', x, dim, keepdim, true);
}

/** Position of the least along `dim`, or in the flat tensor: int32. */
export function argmin(x: Tensor, dim?: number | null, keepdim = false): Tensor {
  return position('argmin', x, dim, keepdim, false);
}

function extreme(
  operation: 'max' | 'min',
  x: Tensor,
  dim: number,
  keepdim: boolean,
): ValuesAndIndices {
  checkFloat(operation, x);
  const at = normalizeDim(operation, dim, x.ndim);
  checkSome(operation, x, x.shape[at]);
  const indices = extremeIndex(operation, x, at, operation === 'max');
  const values = gather(x, at, indices);
  return keepdim
    ? { values, indices }
    : { values: squeeze(values, at), indices: squeeze(indices, at) };
}

/**
 * The greatest of all; the greatest along `dim`, with its position; or, of two tensors, the larger of
 * each two. The first shares its gradient among equals, the second gives it to the element found.
 */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
export function max(x: Tensor, other: Tensor): Tensor;
export function max(x: Tensor, dim?: Operand, keepdim = false): Tensor | ValuesAndIndices {
  checkTensor('max', x);
  if (dim === undefined) return amax(x);
  return typeof dim === 'number' ? extreme('max', x, dim, keepdim) : maximum(x, dim);
}

/** As `max`, for the least. */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, dim: number, keepdim?: boolean): ValuesAndIndices;
export function min(x: Tensor, other: Tensor): Tensor;
export function min(x: Tensor, dim?: Operand, keepdim = false): Tensor | ValuesAndIndices {
  checkTensor('min', x);
  if (dim === undefined) return amin(x);
  return typeof dim === 'number' ? extreme('min', x, dim, keepdim) : minimum(x, dim);
}
