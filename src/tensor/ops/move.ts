/** Operations that move numbers and change none: reshape, permute, slice, concat, expand. */
import { describeValue } from '../../util/describe.js';
import { ShapeError } from '../../util/errors.js';
import {
  broadcastShapes,
  checkShape,
  describeShape,
  formatShape,
  normalizeDim,
  numel,
  type Shape,
  sameShape,
  stridesOf,
} from '../../util/shape.js';
import { copyOf } from '../copy.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { type Numbers, numbersOf, type TensorsAndDim, tensorsAndDim } from './arguments.js';
import { checkTensor } from './check.js';
import { gather, inverseOrder, permuted, reduceTo, scatter, stretch } from './strided.js';

const reshapeOperation: Operation<readonly [Tensor], Shape> = {
  name: 'reshape',
  reads: readsNone,
  forward: (_context, [x], shape) => x.alias(shape),
  backward: ({ inputs: [x] }, dy) => [dy.alias(x.shape)],
};

/** The same numbers under another shape, sharing memory. One size may be −1: what is left. */
export function reshape(x: Tensor, ...sizes: Numbers): Tensor {
  checkTensor('reshape', x);
  const shape = numbersOf('reshape', sizes);
  const full = [...shape]; // the caller may change his
  const open = full.indexOf(-1);
  if (open >= 0) {
    full[open] = 1;
    full[open] = x.numel / numel(full);
  }
  const fits = full.every((size) => Number.isInteger(size) && size >= 0);
  if (!fits || numel(full) !== x.numel) {
    throw new ShapeError(
      'reshape',
      `expected a shape of ${x.numel} elements, as ${formatShape(x.shape)} has, got ${describeShape(shape)}`,
    );
  }
  return apply(reshapeOperation, [x], full);
}

/** Dimensions `startDim` to `endDim` as one. */
export function flatten(x: Tensor, startDim = 0, endDim = -1): Tensor {
  checkTensor('flatten', x);
  if (x.ndim === 0) return reshape(x, [1]);
  const start = normalizeDim('flatten', startDim, x.ndim);
  const end = normalizeDim('flatten', endDim, x.ndim);
  if (start > end) {
    throw new ShapeError('flatten', `expected startDim ≤ endDim, got ${startDim} and ${endDim}`);
  }
  const middle = numel(x.shape.slice(start, end + 1));
  return reshape(x, [...x.shape.slice(0, start), middle, ...x.shape.slice(end + 1)]);
}

const cloneOperation: Operation<readonly [Tensor], null> = {
  name: 'clone',
  reads: readsNone,
  forward: (_context, [x]) => copyOf(x),
  backward: (_context, dy) => [dy],
};

/** A copy, on the tape: its gradient is the gradient of x. */
export function clone(x: Tensor): Tensor {
  checkTensor('clone', x);
  return apply(cloneOperation, [x], null);
}

const permuteOperation: Operation<readonly [Tensor], readonly number[]> = {
  name: 'permute',
  reads: readsNone,
  forward: (_context, [x], dims) => permuted('permute', x, dims),
  backward: (_context, dy, dims) => [permuted('permute', dy, inverseOrder(dims))],
};

/** Dimensions in another order, by copying: `permute(x, [0, 2, 1])`. */
export function permute(x: Tensor, ...given: Numbers): Tensor {
  checkTensor('permute', x);
  const dims = numbersOf('permute', given);
  const normal = dims.map((dim) => normalizeDim('permute', dim, x.ndim));
  if (normal.length !== x.ndim || new Set(normal).size !== x.ndim) {
    throw new ShapeError(
      'permute',
      `expected each of the ${x.ndim} dimensions of ${formatShape(x.shape)} once, got ${describeShape(dims)}`,
    );
  }
  return apply(permuteOperation, [x], normal);
}

/** Two dimensions exchanged, by copying. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  checkTensor('transpose', x);
  const a = normalizeDim('transpose', dim0, x.ndim);
  const b = normalizeDim('transpose', dim1, x.ndim);
  const dims = Array.from({ length: x.ndim }, (_, i) => (i === a ? b : i === b ? a : i));
  return permute(x, dims);
}

const narrowOperation: Operation<
  readonly [Tensor],
  { dim: number; start: number; length: number }
> = {
  name: 'narrow',
  reads: readsNone,
  forward(_context, [x], { dim, start, length }) {
    const strides = stridesOf(x.shape);
    const shape = x.shape.map((size, i) => (i === dim ? length : size));
    const offset = x.numel === 0 ? 0 : start * strides[dim];
    // Of leading rows no copy is needed: they lie together.
    const together = x.shape.slice(0, dim).every((size) => size === 1);
    return together
      ? x.alias(shape, x.offset + offset)
      : gather('narrow', x, shape, strides, offset);
  },
  backward({ inputs: [x] }, dy, { dim, start }) {
    const strides = stridesOf(x.shape);
    const dx = x.empty(x.shape).fill_(0);
    scatter('narrow', dx, dy, strides, start * strides[dim]);
    return [dx];
  },
};

/** `length` entries of a dimension, from `start`. Leading rows share memory, others are copied. */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  checkTensor('narrow', x);
  const normal = normalizeDim('narrow', dim, x.ndim);
  const size = x.shape[normal];
  const from = Number.isInteger(start) && start < 0 ? start + size : start;
  if (
    !Number.isInteger(from) ||
    !Number.isInteger(length) ||
    from < 0 ||
    length < 0 ||
    from + length > size
  ) {
    throw new ShapeError(
      'narrow',
      `expected a range within the ${size} entries of dimension ${normal}, got start ${describeValue(start)} and length ${describeValue(length)}`,
    );
  }
  return apply(narrowOperation, [x], { dim: normal, start: from, length });
}

const concatOperation: Operation<readonly Tensor[], { dim: number }> = {
  name: 'concat',
  reads: readsNone,
  forward(_context, inputs, { dim }) {
    const shape = [...inputs[0].shape];
    shape[dim] = inputs.reduce((total, x) => total + x.shape[dim], 0);
    const out = inputs[0].empty(shape, inputs[0].dtype);
    const strides = stridesOf(shape);
    let start = 0;
    for (const x of inputs) {
      scatter('concat', out, x, strides, start * strides[dim]);
      start += x.shape[dim];
    }
    return out;
  },
  backward({ inputs }, dy, { dim }) {
    const strides = stridesOf(dy.shape);
    let start = 0;
    return inputs.map((x) => {
      const offset = start * strides[dim];
      const dx = x.requiresGrad ? gather('concat', dy, x.shape, strides, offset) : null;
      start += x.shape[dim];
      return dx;
    });
  },
};

/** Joins tensors along `dim` (default: 0); all other sizes must be equal. `concat([a, b], 1)` or `concat(a, b, 1)`. */
export function concat(...given: TensorsAndDim): Tensor {
  const { tensors, dim } = tensorsAndDim(given);
  for (const x of tensors) checkTensor('concat', x);
  if (tensors.length === 0) {
    throw new ShapeError('concat', 'expected at least one tensor, got none');
  }
  const normal = normalizeDim('concat', dim, tensors[0].ndim);
  if (tensors.some((x) => x.dtype !== tensors[0].dtype)) {
    const dtypes = tensors.map((x) => x.dtype).join(', ');
    throw new ShapeError('concat', `expected tensors of one dtype, got ${dtypes}`);
  }
  for (const x of tensors) {
    const fits =
      x.ndim === tensors[0].ndim &&
      x.shape.every((size, i) => i === normal || size === tensors[0].shape[i]);
    if (!fits) {
      throw new ShapeError(
        'concat',
        `expected shapes that differ in dimension ${normal} only, got ${tensors.map((t) => formatShape(t.shape)).join(', ')}`,
      );
    }
  }
  // The list is the caller's, who may change it before the backward.
  return apply(concatOperation, [...tensors], { dim: normal });
}

const expandOperation: Operation<readonly [Tensor], Shape> = {
  name: 'expand',
  reads: readsNone,
  forward: (_context, [x], shape) =>
    sameShape(x.shape, shape) ? x.alias(shape) : stretch('expand', x, shape),
  backward: ({ inputs: [x] }, dy) => [reduceTo(dy, x.shape)],
};

/** Sizes of 1 stretched, by copying. −1 leaves a size as it is. */
export function expand(x: Tensor, ...sizes: Numbers): Tensor {
  checkTensor('expand', x);
  const wanted = numbersOf('expand', sizes);
  const lead = wanted.length - x.ndim;
  const shape = wanted.map((size, i) => (size === -1 && i >= lead ? x.shape[i - lead] : size));
  checkShape('expand', shape);
  const common = broadcastShapes('expand', x.shape, shape);
  if (!sameShape(common, shape)) {
    throw new ShapeError(
      'expand',
      `expected a shape that ${formatShape(x.shape)} stretches to, got ${formatShape(shape)}`,
    );
  }
  return apply(expandOperation, [x], shape);
}
