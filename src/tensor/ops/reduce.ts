/** Reductions over any set of dimensions. */
import type { ReduceOp } from '../../backend/backend.js';
import { ShapeError } from '../../util/errors.js';
import { formatShape, normalizeDims, numel, type Shape, sameShape } from '../../util/shape.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';
import { permute, stretch } from './move.js';

type Dims = number | readonly number[];

/** A set of dimensions as runs of neighbours, each a middle of (outer, count, inner). */
function runsOf(dims: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const dim of dims) {
    const run = runs[runs.length - 1];
    if (run && run[1] === dim - 1) run[1] = dim;
    else runs.push([dim, dim]);
  }
  return runs;
}

/** The shape with each of `dims` of size 1. */
function keptShape(shape: Shape, dims: readonly number[]): number[] {
  const kept = [...shape];
  for (const dim of dims) kept[dim] = 1;
  return kept;
}

function droppedShape(shape: Shape, dims: readonly number[]): number[] {
  return shape.filter((_, i) => !dims.includes(i));
}

/** One run of neighbouring dimensions, sizes kept as 1. Off the tape. */
function reduceRun(op: ReduceOp, x: Tensor, first: number, last: number): Tensor {
  const outer = numel(x.shape.slice(0, first));
  const count = numel(x.shape.slice(first, last + 1));
  const inner = numel(x.shape.slice(last + 1));
  const shape = [...x.shape];
  for (let dim = first; dim <= last; dim++) shape[dim] = 1;
  const out = x.empty(shape);
  x.backend.reduce(op, out.pointer, x.pointer, outer, count, inner);
  return out;
}

/** Over several runs, the last first. Off the tape. */
function reduceDims(op: ReduceOp, x: Tensor, dims: readonly number[]): Tensor {
  let out = x;
  for (const [first, last] of runsOf(dims).reverse()) out = reduceRun(op, out, first, last);
  return out === x ? x.clone() : out;
}

/** Sums away what broadcasting stretched: the gradient of the stretch. Off the tape. */
export function reduceTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.ndim - shape.length;
  const dims: number[] = [];
  for (let i = 0; i < x.ndim; i++) {
    if (i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1)) dims.push(i);
  }
  return reduceDims('sum', x, dims).view(shape, 0);
}

interface ReduceOptions {
  dims: readonly number[];
  keepdim: boolean;
}

function finish(x: Tensor, kept: Tensor, { dims, keepdim }: ReduceOptions): Tensor {
  return keepdim ? kept : kept.view(droppedShape(x.shape, dims));
}

const sumOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'sum',
  forward(_context, [x], options) {
    checkFloat('sum', x);
    return finish(x, reduceDims('sum', x, options.dims), options);
  },
  backward({ inputs: [x] }, dy, { dims }) {
    return [stretch(dy.view(keptShape(x.shape, dims)), x.shape)];
  },
};

const meanOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'mean',
  forward(_context, [x], options) {
    checkFloat('mean', x);
    return finish(x, reduceDims('mean', x, options.dims), options);
  },
  backward({ inputs: [x] }, dy, { dims }) {
    const count = numel(dims.map((dim) => x.shape[dim]));
    const scaled = dy.clone().scale_(1 / count);
    return [stretch(scaled.view(keptShape(x.shape, dims)), x.shape)];
  },
};

/** Dimensions to reduce moved to the end, so that they are one run. */
function reducedLast(x: Tensor, dims: readonly number[]): { moved: Tensor; order: number[] } {
  const order = [
    ...Array.from({ length: x.ndim }, (_, i) => i).filter((i) => !dims.includes(i)),
    ...dims,
  ];
  const inOrder = order.every((dim, i) => dim === i);
  return { moved: inOrder ? x : permute(x, order), order };
}

function movedBack(x: Tensor, order: readonly number[]): Tensor {
  if (order.every((dim, i) => dim === i)) return x;
  const back = new Array<number>(order.length);
  order.forEach((dim, i) => {
    back[dim] = i;
  });
  return permute(x, back);
}

const amaxOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'amax',
  forward(context, [x], options) {
    checkFloat('amax', x);
    if (numel(options.dims.map((dim) => x.shape[dim])) === 0 && x.numel === 0) {
      throw new ShapeError(
        'amax',
        `expected at least one element to choose from, got shape ${formatShape(x.shape)}`,
      );
    }
    const y = finish(x, reduceDims('max', x, options.dims), options);
    context.save(y);
    return y;
  },
  backward({ inputs: [x], tensors: [y] }, dy, { dims }) {
    const { moved, order } = reducedLast(x, dims);
    const outer = y.numel;
    const count = x.numel / outer;
    const dx = x.empty(moved.shape);
    x.backend.maxBackward(dx.pointer, dy.pointer, moved.pointer, y.pointer, outer, count, 1);
    return [movedBack(dx, order)];
  },
};

/** For `variance`. */
export interface VarianceOptions {
  keepdim?: boolean;
  /** Divides by count − correction. 1 (Bessel's, unbiased) unless told, as in PyTorch. */
  correction?: number;
}

const varianceOperation: Operation<readonly [Tensor], ReduceOptions & { correction: number }> = {
  name: 'var',
  forward(context, [x], options) {
    checkFloat('var', x);
    const { moved } = reducedLast(x, options.dims);
    const kept = keptShape(x.shape, options.dims);
    const outer = numel(kept);
    const y = x.empty(kept);
    const mean = x.empty(kept);
    const count = numel(options.dims.map((dim) => x.shape[dim]));
    x.backend.variance(y.pointer, mean.pointer, moved.pointer, outer, count, 1, options.correction);
    context.save(mean);
    return finish(x, y, options);
  },
  // dx = dy · 2 (x − mean) / (count − correction)
  backward({ inputs: [x], tensors: [mean] }, dy, { dims, correction }) {
    const count = numel(dims.map((dim) => x.shape[dim]));
    const factor = 2 / Math.max(0, count - correction);
    const centred = x.detach().sub(mean);
    return [centred.mul(dy.view(keptShape(x.shape, dims))).scale_(factor)];
  },
};

function reduceOptions(
  operation: string,
  x: Tensor,
  dim: Dims | undefined,
  keepdim: boolean,
): ReduceOptions {
  return { dims: normalizeDims(operation, dim, x.ndim), keepdim };
}

/** Sum over `dim` (one, several, or all), which keep size 1 with `keepdim`. */
export function sum(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return apply(sumOperation, [x], reduceOptions('sum', x, dim, keepdim));
}

export function mean(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return apply(meanOperation, [x], reduceOptions('mean', x, dim, keepdim));
}

/** Greatest element. The gradient is shared evenly among equals, as in PyTorch's `amax`. */
export function amax(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return apply(amaxOperation, [x], reduceOptions('amax', x, dim, keepdim));
}

/** Variance, unbiased unless told. */
export function variance(
  x: Tensor,
  dim?: Dims,
  { keepdim = false, correction = 1 }: VarianceOptions = {},
): Tensor {
  return apply(varianceOperation, [x], { ...reduceOptions('var', x, dim, keepdim), correction });
}
