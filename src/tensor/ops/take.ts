/** Choosing by index: entries, rows, elements, and back again as sums. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import {
  broadcastShapes,
  formatShape,
  normalizeDim,
  type Shape,
  sameShape,
} from '../../util/shape.js';
import { currentBackend, type Indices, indicesOf } from '../create.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { maskOf, to } from './cast.js';
import { checkIndices, checkTensor } from './check.js';
import { eq } from './compare.js';
import { expand, narrow, reshape } from './move.js';
import { amax, amin } from './reduce.js';
import { middleOf } from './strided.js';

interface Choice {
  operation: string;
  dim: number;
  shape: Shape;
  /** Whether the ids hold for all other dimensions; else there is one for each element. */
  shared: boolean;
}

/** y = x at ids along a dimension; dx = Σ of the dy that came from each place. */
const takeOperation: Operation<readonly [Tensor, Tensor], Choice> = {
  name: 'take',
  reads: (_context, i) => i === 1,
  forward(_context, [x, ids], { operation, dim, shape, shared }) {
    const y = x.empty(shape, x.dtype);
    const { outer, count: size, inner } = middleOf(x.shape, dim);
    const count = shared ? ids.numel : ids.shape[dim];
    const bad = x.backend.take(
      ...([y.pointer, x.pointer, ids.pointer, outer, size, count, inner, shared] as const),
    );
    if (bad >= 0) {
      throw new ShapeError(
        operation,
        `expected indices from 0 to ${size - 1}, got ${ids.dataSync()[bad]} at position ${bad}`,
      );
    }
    return y;
  },
  backward({ inputs: [x, ids] }, dy, { dim, shared }) {
    const dx = x.empty(x.shape).fill_(0);
    const { outer, count: size, inner } = middleOf(x.shape, dim);
    const count = shared ? ids.numel : ids.shape[dim];
    x.backend.put(
      ...([dx.pointer, dy.pointer, ids.pointer, outer, size, count, inner, shared, true] as const),
    );
    return [dx, null];
  },
};

/** Entries of a dimension at ids of any shape, which takes the dimension's place. */
export function takeAlong(operation: string, x: Tensor, dim: number, ids: Tensor): Tensor {
  checkIndices(operation, ids);
  const shape = [...x.shape.slice(0, dim), ...ids.shape, ...x.shape.slice(dim + 1)];
  return apply(takeOperation, [x, ids], { operation, dim, shape, shared: true });
}

/** Entries of dimension `dim` at ids (n): (…, size, …) → (…, n, …). */
export function indexSelect(x: Tensor, dim: number, indices: Indices): Tensor {
  checkTensor('indexSelect', x);
  const ids = indicesOf('indexSelect', indices, x.backend);
  const at = normalizeDim('indexSelect', dim, x.ndim);
  if (ids.ndim > 1) {
    throw new ShapeError('indexSelect', `expected indices (n), got ${formatShape(ids.shape)}`);
  }
  return takeAlong('indexSelect', x, at, reshape(ids, [ids.numel]));
}

/**
 * For each element of `index` the element of x at the same place but in dimension `dim`, where the index
 * says: `y[i][j] = x[index[i][j]][j]` for dim 0. Other dimensions of the index may be smaller than those
 * of x.
 */
export function gather(x: Tensor, dim: number, indices: Indices): Tensor {
  checkTensor('gather', x);
  const index = indicesOf('gather', indices, x.backend);
  const at = normalizeDim('gather', dim, x.ndim);
  const fits =
    index.ndim === x.ndim && index.shape.every((size, i) => i === at || size <= x.shape[i]);
  if (!fits) {
    throw new ShapeError(
      'gather',
      `expected an index of ${x.ndim} dimensions, none but dimension ${at} larger than in ${formatShape(x.shape)}, got ${formatShape(index.shape)}`,
    );
  }
  let from = x;
  index.shape.forEach((size, i) => {
    if (i !== at && size < x.shape[i]) from = narrow(from, i, 0, size);
  });
  const options = { operation: 'gather', dim: at, shape: index.shape, shared: false };
  return apply(takeOperation, [from, index], options);
}

/** Ids of any shape as rows of 0 and one 1: (…) → (…, numClasses), int32. By default as many classes as the greatest id needs. */
export function oneHot(indices: Indices, numClasses?: number): Tensor {
  const ids = indicesOf('oneHot', indices, currentBackend());
  const needed = ids.numel === 0 ? 0 : amax(ids).itemSync() + 1;
  const classes = numClasses ?? needed;
  const least = ids.numel === 0 ? 0 : amin(ids).itemSync();
  if (!Number.isInteger(classes) || classes < Math.max(1, needed) || least < 0) {
    throw new UserError(
      `oneHot: expected ids from 0 to numClasses − 1, got ids from ${least} to ${needed - 1} and numClasses ${describeValue(classes)}`,
    );
  }
  const range = ids.empty([classes], 'int32');
  range.copy_(Int32Array.from({ length: classes }, (_, i) => i));
  return to(eq(reshape(ids, [...ids.shape, 1]), range), 'int32');
}

/** Positions in flat x that are not 0. */
export function positionsWhere(operation: string, x: Tensor): Int32Array {
  const values = maskOf(operation, x).dataSync();
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) found.push(i);
  return Int32Array.from(found);
}

/** The indices of the elements that are not 0, in order: (how many, dimensions), int32. */
export function nonzero(x: Tensor): Tensor {
  const places = positionsWhere('nonzero', x);
  const indices = new Int32Array(places.length * x.ndim);
  places.forEach((place, row) => {
    for (let dim = x.ndim - 1, rest = place; dim >= 0; dim--) {
      indices[row * x.ndim + dim] = rest % x.shape[dim];
      rest = Math.floor(rest / x.shape[dim]);
    }
  });
  return x.empty([places.length, x.ndim], 'int32').copy_(indices);
}

/** The elements of x where the mask holds, in order: (how many). Either stretches to the other's shape. */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  checkTensor('maskedSelect', x);
  const condition = maskOf('maskedSelect', mask);
  const shape = broadcastShapes('maskedSelect', x.shape, condition.shape);
  const [values, chosen] = [x, condition].map((each) =>
    sameShape(each.shape, shape) ? each : expand(each, shape),
  );
  const places = positionsWhere('maskedSelect', chosen);
  const ids = x.empty([places.length], 'int32').copy_(places);
  return takeAlong('maskedSelect', reshape(values, [values.numel]), 0, ids);
}
