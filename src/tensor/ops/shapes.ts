/** Shapes and pieces, made of the operations of move.ts. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { checkShape, formatShape, normalizeDim, normalizeDims, numel } from '../../util/shape.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { type Numbers, numbersOf, type TensorsAndDim, tensorsAndDim } from './arguments.js';
import { checkTensor } from './check.js';
import { le, where } from './compare.js';
import { concat, expand, narrow, reshape, transpose } from './move.js';
import { gather, scatter } from './strided.js';
import { takeAlong } from './take.js';

/** As `reshape`: tensors are contiguous, so that a view can always be had. */
export function view(x: Tensor, ...sizes: Numbers): Tensor {
  return reshape(x, ...sizes);
}

/** A new dimension of size 1 before `dim`, or, counted from the end, after it. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  checkTensor('unsqueeze', x);
  const at = normalizeDim('unsqueeze', dim, x.ndim + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Without its dimensions of size 1, or without those of `dim` (one or several) that have it. */
export function squeeze(x: Tensor, dim?: number | readonly number[]): Tensor {
  checkTensor('squeeze', x);
  const dims = normalizeDims('squeeze', dim, x.ndim);
  return reshape(
    x,
    x.shape.filter((size, i) => size !== 1 || !dims.includes(i)),
  );
}

/** Stretched to the shape of `other`. */
export function expandAs(x: Tensor, other: Tensor): Tensor {
  checkTensor('expandAs', other);
  return expand(x, other.shape);
}

/** (m, n) → (n, m). */
export function t(x: Tensor): Tensor {
  checkTensor('t', x);
  if (x.ndim > 2) {
    throw new ShapeError('t', `expected at most two dimensions, got ${formatShape(x.shape)}`);
  }
  return x.ndim === 2 ? transpose(x, 0, 1) : x;
}

/** Entry `index` of a dimension, which goes. Negative ones count from the end. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  checkTensor('select', x);
  const at = normalizeDim('select', dim, x.ndim);
  const size = x.shape[at];
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new ShapeError(
      'select',
      `expected an index from ${-size} to ${size - 1} for dimension ${at}, got ${describeValue(index)}`,
    );
  }
  const shape = x.shape.filter((_, i) => i !== at);
  return reshape(narrow(x, at, index, 1), shape);
}

/** Tensors of one shape along a new dimension, 0 by default. `stack([a, b], 1)` or `stack(a, b, 1)`. */
export function stack(...given: TensorsAndDim): Tensor {
  const { tensors, dim } = tensorsAndDim(given);
  if (tensors.length === 0) {
    throw new ShapeError('stack', 'expected at least one tensor, got none');
  }
  for (const x of tensors) checkTensor('stack', x);
  for (const x of tensors) {
    if (formatShape(x.shape) !== formatShape(tensors[0].shape)) {
      throw new ShapeError(
        'stack',
        `expected tensors of one shape, got ${tensors.map((each) => formatShape(each.shape)).join(', ')}`,
      );
    }
  }
  const at = normalizeDim('stack', dim, tensors[0].ndim + 1);
  return concat(
    tensors.map((x) => unsqueeze(x, at)),
    at,
  );
}

/** Pieces of `size` along `dim`, the last one smaller where it does not come out even; or pieces of the sizes listed. */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  checkTensor('split', x);
  const at = normalizeDim('split', dim, x.ndim);
  const total = x.shape[at];
  if (Array.isArray(size)) checkShape('split', size);
  else if (!(Number.isInteger(size) && (size as number) > 0)) {
    throw new UserError(
      `split: expected a size of at least 1, or a list of sizes, got ${describeValue(size)}`,
    );
  }
  const sizes =
    typeof size === 'number'
      ? Array.from({ length: Math.max(1, Math.ceil(total / size)) }, (_, i) =>
          Math.min(size, total - i * size),
        )
      : size;
  if (sizes.reduce((sum, each) => sum + each, 0) !== total) {
    throw new ShapeError(
      'split',
      `expected sizes that add up to the ${total} entries of dimension ${at}, got ${formatShape(sizes)}`,
    );
  }
  let start = 0;
  return sizes.map((each) => {
    start += each;
    return narrow(x, at, start - each, each);
  });
}

/** At most `chunks` pieces of equal size along `dim`, the last one smaller where it does not come out even. */
export function chunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  checkTensor('chunk', x);
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new UserError(`chunk: expected at least one chunk, got ${describeValue(chunks)}`);
  }
  const at = normalizeDim('chunk', dim, x.ndim);
  return split(x, Math.max(1, Math.ceil(x.shape[at] / chunks)), at);
}

/** The entries of a dimension, one by one. */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  checkTensor('unbind', x);
  const at = normalizeDim('unbind', dim, x.ndim);
  return Array.from({ length: x.shape[at] }, (_, i) => select(x, at, i));
}

/** Repeated so many times along each dimension; further counts in front make new dimensions. */
export function repeat(x: Tensor, ...times: Numbers): Tensor {
  checkTensor('repeat', x);
  const counts = numbersOf('repeat', times);
  const lead = counts.length - x.ndim;
  if (lead < 0 || counts.some((count) => !Number.isInteger(count) || count < 0)) {
    throw new ShapeError(
      'repeat',
      `expected a count of at least 0 for each dimension of ${formatShape(x.shape)}, got ${formatShape(counts)}`,
    );
  }
  const own = counts.map((_, i) => (i < lead ? 1 : x.shape[i - lead]));
  // Each size with a 1 before it, which is stretched and then joined to it.
  const apart = own.flatMap((size) => [1, size]);
  const stretched = own.flatMap((size, i) => [counts[i], size]);
  const joined = own.map((size, i) => size * counts[i]);
  return reshape(expand(reshape(x, apart), stretched), joined);
}

/** The order of entries turned round along the dimensions given. */
export function flip(x: Tensor, ...given: Numbers): Tensor {
  checkTensor('flip', x);
  const dims = numbersOf('flip', given);
  if (dims.length === 0) throw new UserError('flip: expected at least one dimension, got none');
  return normalizeDims('flip', dims, x.ndim).reduce((y, dim) => {
    const size = x.shape[dim];
    const ids = Int32Array.from({ length: size }, (_, i) => size - 1 - i);
    return takeAlong('flip', y, dim, y.empty([size], 'int32').copy_(ids));
  }, x);
}

/** Entries moved on by `shifts` along `dims` (one, or as many as there are shifts), round the end; over the flat tensor when no dimension is given. */
export function roll(
  x: Tensor,
  shifts: number | readonly number[],
  dims?: number | readonly number[],
): Tensor {
  checkTensor('roll', x);
  if (dims === undefined) {
    if (typeof shifts !== 'number') {
      throw new UserError('roll: expected a dimension for each shift, got none');
    }
    return reshape(roll(reshape(x, [x.numel]), shifts, 0), x.shape);
  }
  const [by, along] = [[shifts].flat() as number[], [dims].flat() as number[]];
  if (by.length !== along.length) {
    throw new UserError(
      `roll: expected a dimension for each shift, got ${by.length} shifts and ${along.length} dimensions`,
    );
  }
  for (const shift of by) {
    if (!Number.isSafeInteger(shift)) {
      throw new UserError(`roll: expected whole shifts, got ${describeValue(shift)}`);
    }
  }
  return along.reduce((y, dim, i) => {
    const at = normalizeDim('roll', dim, x.ndim);
    const size = x.shape[at];
    const shift = size === 0 ? 0 : ((by[i] % size) + size) % size;
    if (shift === 0) return y;
    return concat([narrow(y, at, size - shift, shift), narrow(y, at, 0, size - shift)], at);
  }, x);
}

/** Which (row, column) of the last two dimensions lie on or below the diagonal that is so far to the right. */
function below(x: Tensor, diagonal: number): Tensor {
  const [rows, cols] = [x.size(-2), x.size(-1)];
  const count = (n: number, from: number) =>
    x.empty([n], 'int32').copy_(Int32Array.from({ length: n }, (_, i) => i + from));
  return le(count(cols, 0), unsqueeze(count(rows, diagonal), 1)); // (rows, cols)
}

function checkMatrix(operation: string, x: Tensor, diagonal: number): void {
  checkTensor(operation, x);
  if (x.ndim < 2 || !Number.isInteger(diagonal)) {
    throw new ShapeError(
      operation,
      `expected at least two dimensions and a whole diagonal, got ${formatShape(x.shape)} and ${describeValue(diagonal)}`,
    );
  }
}

/** Zeros above the diagonal of the last two dimensions, or above the one that is `diagonal` to its right. */
export function tril(x: Tensor, diagonal = 0): Tensor {
  checkMatrix('tril', x, diagonal);
  return where(below(x, diagonal), x, 0);
}

/** Zeros below the diagonal of the last two dimensions, or below the one that is `diagonal` to its right. */
export function triu(x: Tensor, diagonal = 0): Tensor {
  checkMatrix('triu', x, diagonal);
  return where(below(x, diagonal - 1), 0, x);
}

/** Where the diagonal of a (rows, cols) matrix begins, and how long it is. */
function diagonalOf(rows: number, cols: number, diagonal: number) {
  const offset = diagonal >= 0 ? diagonal : -diagonal * cols;
  const length = Math.max(
    0,
    diagonal >= 0 ? Math.min(rows, cols - diagonal) : Math.min(rows + diagonal, cols),
  );
  return { offset, length };
}

interface Diagonal {
  diagonal: number;
  /** From the matrix to its diagonal, and not the way back. */
  taken: boolean;
  rows: number;
  cols: number;
}

function moveDiagonal(x: Tensor, { diagonal, taken, rows, cols }: Diagonal): Tensor {
  const { offset, length } = diagonalOf(rows, cols, diagonal);
  if (taken) return gather('diag', x, [length], [cols + 1], offset);
  const out = x.empty([rows, cols], x.dtype).fill_(0);
  scatter('diag', out, x, [cols + 1], offset);
  return out;
}

const diagOperation: Operation<readonly [Tensor], Diagonal> = {
  name: 'diag',
  reads: readsNone,
  forward: (_context, [x], options) => moveDiagonal(x, options),
  backward: (_context, dy, options) => [moveDiagonal(dy, { ...options, taken: !options.taken })],
};

/** Of a matrix its diagonal, or the one that is `diagonal` to its right; of a vector the matrix that has it there. */
export function diag(x: Tensor, diagonal = 0): Tensor {
  checkTensor('diag', x);
  if (x.ndim < 1 || x.ndim > 2 || !Number.isInteger(diagonal)) {
    throw new ShapeError(
      'diag',
      `expected a vector or a matrix and a whole diagonal, got ${formatShape(x.shape)} and ${describeValue(diagonal)}`,
    );
  }
  const square = numel(x.shape) + Math.abs(diagonal);
  const [rows, cols] = x.ndim === 2 ? x.shape : [square, square];
  return apply(diagOperation, [x], { diagonal, taken: x.ndim === 2, rows, cols });
}
