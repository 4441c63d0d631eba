/** Reductions over any set of dimensions. */
import { ShapeError } from '../../util/errors.js';
import { formatShape, normalizeDims, numel, type Shape } from '../../util/shape.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { Dims } from './arguments.js';
import { to } from './cast.js';
import { checkFloat, checkOptions, checkRange, checkTensor } from './check.js';
import { neg } from './elementwise.js';
import { combine, inverseOrder, permuted, reduceDims, reducedCount, stretch } from './strided.js';

/** The shape with each of `dims` of size 1. */
export function keptShape(shape: Shape, dims: readonly number[]): number[] {
  const kept = [...shape];
  for (const dim of dims) kept[dim] = 1;
  return kept;
}

function droppedShape(shape: Shape, dims: readonly number[]): number[] {
  return shape.filter((_, i) => !dims.includes(i));
}

export interface ReduceOptions {
  dims: readonly number[];
  keepdim: boolean;
}

export function finish(x: Tensor, kept: Tensor, { dims, keepdim }: ReduceOptions): Tensor {
  return keepdim ? kept : kept.alias(droppedShape(x.shape, dims));
}

const sumOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'sum',
  reads: readsNone,
  forward(_context, [x], options) {
    return finish(x, reduceDims('sum', x, options.dims), options);
  },
  backward({ inputs: [x] }, dy, { dims }) {
    return [stretch('sum', dy.alias(keptShape(x.shape, dims)), x.shape)];
  },
};

const meanOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'mean',
  reads: readsNone,
  forward(_context, [x], options) {
    return finish(x, reduceDims('mean', x, options.dims), options);
  },
  backward({ inputs: [x] }, dy, { dims }) {
    const count = dy.empty([]).fill_(reducedCount(x.shape, dims));
    const share = combine('div', dy, count); // as the forward divides
    return [stretch('mean', share.alias(keptShape(x.shape, dims)), x.shape)];
  },
};

/** The order that moves the dimensions to reduce to the end, so that they are one run. */
export function reducedLast(ndim: number, dims: readonly number[]): number[] {
  const order = [];
  for (let dim = 0; dim < ndim; dim++) if (!dims.includes(dim)) order.push(dim);
  return [...order, ...dims];
}

/** x in another order of dimensions; itself where that is the one it has. */
export function inOrder(operation: string, x: Tensor, order: readonly number[]): Tensor {
  return order.every((dim, i) => dim === i) ? x : permuted(operation, x, order);
}

const amaxOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'amax',
  forward(context, [x], options) {
    const y = finish(x, reduceDims('max', x, options.dims), options);
    context.save(y);
    return y;
  },
  backward({ inputs: [x], tensors: [y] }, dy, { dims }) {
    const order = reducedLast(x.ndim, dims);
    const moved = inOrder('amax', x, order); // (…kept, …reduced)
    const count = reducedCount(x.shape, dims);
    const dx = x.empty(moved.shape);
    x.backend.maxBackward(dx.pointer, dy.pointer, moved.pointer, y.pointer, y.numel, count, 1);
    return [inOrder('amax', dx, inverseOrder(order))];
  },
};

/** For `variance`. */
export interface VarianceOptions {
  keepdim?: boolean;
  /** Divides by count − correction. Default: 1 (Bessel's, unbiased), as in PyTorch. */
  correction?: number;
}

const varianceOperation: Operation<readonly [Tensor], ReduceOptions & { correction: number }> = {
  name: 'var',
  forward(context, [x], options) {
    const moved = inOrder('var', x, reducedLast(x.ndim, options.dims)); // (…kept, …reduced)
    const kept = keptShape(x.shape, options.dims);
    const outer = numel(kept);
    const y = x.empty(kept);
    const mean = x.empty(kept);
    const count = reducedCount(x.shape, options.dims);
    x.backend.variance(y.pointer, mean.pointer, moved.pointer, outer, count, 1, options.correction);
    context.save(mean);
    return finish(x, y, options);
  },
  // dx = dy · 2 (x − mean) / (count − correction)
  backward({ inputs: [x], tensors: [mean] }, dy, { dims, correction }) {
    const count = reducedCount(x.shape, dims);
    const factor = 2 / Math.max(0, count - correction);
    const centred = combine('sub', x, mean);
    return [combine('mul', centred, dy.alias(keptShape(x.shape, dims))).scale_(factor)];
  },
};

export function reduceOptions(
  operation: string,
  x: Tensor,
  dim: Dims | undefined,
  keepdim: boolean,
): ReduceOptions {
  checkTensor(operation, x);
  return { dims: normalizeDims(operation, dim, x.ndim), keepdim: Boolean(keepdim) };
}

/** Sum over `dim` (one, several, or all), which keep size 1 with `keepdim`. Of int32 and masks int32. */
export function sum(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  checkTensor('sum', x);
  const summed = x.dtype === 'bool' ? to(x, 'int32') : x;
  return apply(sumOperation, [summed], reduceOptions('sum', x, dim, keepdim));
}

/** Mean over `dim` (one, several, or all); NaN of nothing. */
export function mean(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  checkFloat('mean', x);
  return apply(meanOperation, [x], reduceOptions('mean', x, dim, keepdim));
}

/** Greatest element, NaN where there is one. The gradient is shared evenly among equals, as in PyTorch's `amax`. */
export function amax(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return extreme('max', 'amax', x, dim, keepdim);
}

/** Least element, NaN where there is one. The gradient is shared evenly among equals. */
export function amin(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return extreme('min', 'amin', x, dim, keepdim);
}

function extreme(
  op: 'max' | 'min',
  operation: string,
  x: Tensor,
  dim: Dims | undefined,
  keepdim: boolean,
): Tensor {
  checkTensor(operation, x);
  const options = reduceOptions(operation, x, dim, keepdim);
  if (reducedCount(x.shape, options.dims) === 0) {
    throw new ShapeError(
      operation,
      `expected at least one element to choose from, got shape ${formatShape(x.shape)}`,
    );
  }
  if (x.dtype !== 'float32') return finish(x, reduceDims(op, x, options.dims), options);
  if (op === 'max') return apply(amaxOperation, [x], options);
  return neg(apply(amaxOperation, [neg(x)], options));
}

/** Variance, unbiased by default. */
export function variance(x: Tensor, dim?: Dims, options: VarianceOptions = {}): Tensor {
  const { keepdim = false, correction = 1 } = checkOptions('var', options, [
    'keepdim',
    'correction',
  ]);
  checkFloat('var', x);
  checkRange('var', 'correction', correction);
  return apply(varianceOperation, [x], { ...reduceOptions('var', x, dim, keepdim), correction });
}
