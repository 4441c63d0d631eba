/**
 * Strided copies, arithmetic and sums off the tape: what the operations that move, stretch and reduce are made of,
 * forward and backward alike.
 */
import type { BinaryOp, IntegerOp, IntegerReduceOp, ReduceOp } from '../../backend/backend.js';
import {
  broadcastShapes,
  broadcastStrides,
  collapse,
  numel,
  type Shape,
  sameShape,
  stridesOf,
} from '../../util/shape.js';
import { copyOf } from '../copy.js';
import type { Tensor } from '../tensor.js';
import { checkBackends, checkFloat, checkLoops } from './check.js';

/** Copies x, read at `strides` from `offset`, into a fresh contiguous tensor of `shape`. */
export function gather(
  operation: string,
  x: Tensor,
  shape: Shape,
  strides: readonly number[],
  offset = 0,
): Tensor {
  const out = x.empty(shape, x.dtype);
  if (out.numel === 0) return out; // `offset` may lie outside an empty x
  const loops = [...shape];
  const stridesOut = stridesOf(shape);
  const stridesX = [...strides];
  collapse(loops, stridesOut, stridesX);
  checkLoops(operation, loops);
  const from = x.backend.offset(x.pointer, offset);
  x.backend.copyStrided(out.pointer, from, x.dtype, loops, stridesOut, stridesX, false);
  return out;
}

/** Writes contiguous `x` into `out` at `strides` from `offset`. */
export function scatter(
  operation: string,
  out: Tensor,
  x: Tensor,
  strides: readonly number[],
  offset: number,
): void {
  if (x.numel === 0) return;
  const loops = [...x.shape];
  const stridesOut = [...strides];
  const stridesX = stridesOf(x.shape);
  collapse(loops, stridesOut, stridesX);
  checkLoops(operation, loops);
  const to = out.backend.offset(out.pointer, offset);
  out.backend.copyStrided(to, x.pointer, x.dtype, loops, stridesOut, stridesX, false);
}

/** Stretches sizes of 1 to `shape`, by copying; x itself where nothing is to be stretched. */
export function stretch(operation: string, x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return gather(operation, x, shape, broadcastStrides(x.shape, shape));
}

/** Dimension i of the result is dimension `dims[i]` of x. Copies. */
export function permuted(operation: string, x: Tensor, dims: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  return gather(
    operation,
    x,
    dims.map((dim) => x.shape[dim]),
    dims.map((dim) => strides[dim]),
  );
}

/** The order that undoes `dims`. */
export function inverseOrder(dims: readonly number[]): number[] {
  const back = new Array<number>(dims.length);
  for (let i = 0; i < dims.length; i++) back[dims[i]] = i;
  return back;
}

/** Comparisons, whose result is a mask. */
const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

/** a ∘ b of float32, each stretched to the common shape. A comparison's result is bool. */
export function combine(op: BinaryOp, a: Tensor, b: Tensor): Tensor {
  checkFloat(op, a);
  checkFloat(op, b);
  const dtype = COMPARISONS.has(op) ? 'bool' : 'float32';
  if (sameShape(a.shape, b.shape)) {
    const out = a.empty(a.shape, dtype);
    a.backend.binary(op, out.pointer, a.pointer, b.pointer, out.numel);
    return out;
  }
  const shape = broadcastShapes(op, a.shape, b.shape);
  const out = a.empty(shape, dtype);
  const { loops, strides0, strides1 } = broadcastLoops(op, shape, a, b);
  a.backend.binaryStrided(op, out.pointer, a.pointer, b.pointer, loops, strides0, strides1);
  return out;
}

/** a ∘ b of int32 or bool, as `dtype`. */
export function combineIntegers(
  op: IntegerOp,
  a: Tensor,
  b: Tensor,
  dtype: 'int32' | 'bool',
): Tensor {
  checkBackends(op, a, b);
  const shape = broadcastShapes(op, a.shape, b.shape);
  const out = a.empty(shape, dtype);
  const { loops, strides0, strides1 } = broadcastLoops(op, shape, a, b);
  a.backend.integerStrided(op, out.pointer, a.pointer, b.pointer, loops, strides0, strides1);
  return out;
}

/** Overwrites `out` with x wherever the mask holds; both stretch to its shape. */
export function chooseInto(operation: string, out: Tensor, mask: Tensor, x: Tensor): Tensor {
  const { loops, strides0, strides1 } = broadcastLoops(operation, out.shape, mask, x);
  out.backend.copyWhere(out.pointer, mask.pointer, x.pointer, loops, strides0, strides1);
  return out;
}

/** How a and b are read as `shape`, in as few loops as possible. */
function broadcastLoops(operation: string, shape: Shape, a: Tensor, b: Tensor) {
  const loops = [...shape];
  const strides0 = broadcastStrides(a.shape, shape);
  const strides1 = broadcastStrides(b.shape, shape);
  collapse(loops, strides0, strides1);
  checkLoops(operation, loops);
  return { loops, strides0, strides1 };
}

/** scale·x. */
export function scaled(x: Tensor, scale: number): Tensor {
  const out = x.empty(x.shape);
  x.backend.affine(out.pointer, x.pointer, x.numel, scale, 0);
  return out;
}

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

/** Dimensions `first` to `last` of a shape as the middle of (outer, count, inner). */
export function middleOf(shape: Shape, first: number, last = first) {
  return {
    outer: numel(shape.slice(0, first)),
    count: numel(shape.slice(first, last + 1)),
    inner: numel(shape.slice(last + 1)),
  };
}

/** One run of neighbouring dimensions, sizes kept as 1. Those of int32 have no mean. */
function reduceRun(op: ReduceOp | IntegerReduceOp, x: Tensor, first: number, last: number): Tensor {
  const { outer, count, inner } = middleOf(x.shape, first, last);
  const shape = x.shape.map((size, dim) => (dim < first || dim > last ? size : 1));
  const out = x.empty(shape, x.dtype);
  if (x.dtype === 'float32')
    x.backend.reduce(op as ReduceOp, out.pointer, x.pointer, outer, count, inner);
  else x.backend.integerReduce(op as IntegerReduceOp, out.pointer, x.pointer, outer, count, inner);
  return out;
}

/** Over ascending `dims`, whose sizes are kept as 1, into a fresh tensor. */
export function reduceDims(
  op: ReduceOp | IntegerReduceOp,
  x: Tensor,
  dims: readonly number[],
): Tensor {
  let out = x;
  for (const [first, last] of runsOf(dims).reverse()) out = reduceRun(op, out, first, last);
  return out === x ? copyOf(x) : out;
}

/** Sums away what broadcasting stretched: the gradient of the stretch. x itself where nothing was. */
export function reduceTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.ndim - shape.length;
  const dims: number[] = [];
  for (let i = 0; i < x.ndim; i++) {
    if (i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1)) dims.push(i);
  }
  return reduceDims('sum', x, dims).alias(shape);
}

/** How many elements fall into one of a reduction over `dims`. */
export function reducedCount(shape: Shape, dims: readonly number[]): number {
  return numel(dims.map((dim) => shape[dim]));
}
