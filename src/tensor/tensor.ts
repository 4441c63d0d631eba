/**
 * `Tensor`: numbers with a shape, and the memory of how they came about.
 *
 * This file holds what a tensor is; what can be computed with it stands by family in `ops/`, and is
 * offered here as methods under PyTorch's names.
 */
import type { Backend, DType } from '../backend/backend.js';
import { ShapeError, UserError } from '../util/errors.js';
import { formatShape, normalizeDim, numel, type Shape, sameShape } from '../util/shape.js';
import { GradientSlot, type RowGradient } from './gradient.js';
import { checkFloat } from './ops/check.js';
import * as elementwise from './ops/elementwise.js';
import * as matrix from './ops/matrix.js';
import * as move from './ops/move.js';
import * as reduce from './ops/reduce.js';
import * as softmaxOps from './ops/softmax.js';
import { allocate, type Storage } from './scope.js';
import { backward, type Node } from './tape.js';
import { unitStorage } from './unit.js';

/** Values as nested arrays, in the tensor's shape. */
export type Nested = number | Nested[];

export class Tensor {
  /** Sizes by dimension; `[]` for a scalar. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly storage: Storage;
  /** Where in the storage it begins, in elements. Tensors are contiguous from there. */
  readonly offset: number;
  /** Whether `backward()` should reach it: set on parameters, inherited by what is computed from them. */
  requiresGrad = false;
  /** How it was computed, where a gradient is wanted. Leaves have none. */
  node: Node | null = null;
  /** Made with the first gradient; most tensors never have one. */
  private slot: GradientSlot | null = null;

  constructor(storage: Storage, shape: Shape, offset = 0) {
    this.storage = storage;
    this.shape = shape;
    this.offset = offset;
    this.dtype = storage.dtype;
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────

  get backend(): Backend {
    return this.storage.backend;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get numel(): number {
    return numel(this.shape);
  }

  /** Size of one dimension, negative ones counted from the end. @throws ShapeError when there is none such. */
  size(dim: number): number {
    return this.shape[normalizeDim('size', dim, this.shape.length)];
  }

  /** Where it lies in its backend's memory. @throws UserError when its scope has freed it. */
  get pointer(): unknown {
    const { storage } = this;
    if (storage.isFreed) {
      throw new UserError(
        `tensor ${formatShape(this.shape)}: its memory was freed when its scope closed; return it from the scope, or retain() it`,
      );
    }
    return this.offset === 0
      ? storage.pointer
      : storage.backend.offset(storage.pointer, this.offset);
  }

  /** A new, uninitialised tensor on the same backend, in the current scope. */
  empty(shape: Shape, dtype: DType = 'float32'): Tensor {
    return new Tensor(allocate(this.backend, dtype, numel(shape)), shape);
  }

  /** The same memory under another shape, from `offset` elements on: off the tape, as its name says. `view` stays on it. */
  alias(shape: Shape, offset = this.offset): Tensor {
    return new Tensor(this.storage, shape, offset);
  }

  /** The same values, cut off from the tape. Shares memory. */
  detach(): Tensor {
    return this.alias(this.shape);
  }

  /** A copy, off the tape. */
  clone(): Tensor {
    const out = this.empty(this.shape, this.dtype);
    this.backend.copy(out.pointer, this.pointer, this.dtype, this.numel);
    return out;
  }

  /** Makes it outlive the scope it was made in. Returns itself. */
  retain(): this {
    this.storage.retain();
    return this;
  }

  /** Frees its memory now. Views of it die with it. */
  dispose(): void {
    this.storage.free();
  }

  toString(): string {
    return `Tensor${formatShape(this.shape)} ${this.dtype}`;
  }

  // ── Reading and writing values ────────────────────────────────────────────────────────────────

  /** A copy of its values, flat. Asynchronous, because a device may lie behind it. */
  async data(): Promise<Float32Array | Int32Array> {
    return this.dataSync();
  }

  /** As `data()`, at once (CPU backends). */
  dataSync(): Float32Array | Int32Array {
    const out = this.dtype === 'int32' ? new Int32Array(this.numel) : new Float32Array(this.numel);
    if (out.length > 0) this.backend.read(this.pointer, this.dtype, out);
    return out;
  }

  /** Its values in double precision: exact where the backend computes in doubles. */
  doublesSync(): Float64Array {
    const out = new Float64Array(this.numel);
    if (this.dtype === 'int32') out.set(this.dataSync());
    else if (out.length > 0) this.backend.read(this.pointer, this.dtype, out);
    return out;
  }

  /** Its one value. @throws ShapeError when it has more than one, or none. */
  async item(): Promise<number> {
    return this.itemSync();
  }

  itemSync(): number {
    if (this.numel !== 1) {
      throw new ShapeError('item', `expected one element, got shape ${formatShape(this.shape)}`);
    }
    return this.doublesSync()[0];
  }

  /** Its values as nested arrays. */
  async toArray(): Promise<Nested> {
    const flat = await this.data();
    let at = 0;
    const build = (dim: number): Nested =>
      dim === this.ndim
        ? flat[at++]
        : Array.from({ length: this.shape[dim] }, () => build(dim + 1));
    return build(0);
  }

  /** Overwrites its values in place, off the tape. `values` is flat, or a tensor of the same shape. */
  copy_(values: ArrayLike<number> | Tensor): this {
    if (values instanceof Tensor) {
      if (!sameShape(values.shape, this.shape) || values.dtype !== this.dtype) {
        throw new ShapeError('copy_', `expected ${this.toString()}, got ${values.toString()}`);
      }
      if (values.backend !== this.backend) return this.copy_(values.doublesSync());
      this.backend.copy(this.pointer, values.pointer, this.dtype, this.numel);
    } else {
      if (values.length !== this.numel) {
        throw new ShapeError(
          'copy_',
          `expected ${this.numel} values for shape ${formatShape(this.shape)}, got ${values.length}`,
        );
      }
      if (values.length > 0) this.backend.write(this.pointer, this.dtype, values);
    }
    return this;
  }

  /** Sets every element, in place, off the tape. */
  fill_(value: number): this {
    this.backend.fill(this.pointer, this.dtype, this.numel, value);
    return this;
  }

  /** `this += scale · x`, in place, off the tape. Shapes must be equal. */
  addScaled_(x: Tensor, scale: number): this {
    checkFloat('addScaled_', this);
    checkFloat('addScaled_', x);
    if (!sameShape(x.shape, this.shape)) {
      throw new ShapeError(
        'addScaled_',
        `expected shape ${formatShape(this.shape)}, got ${formatShape(x.shape)}`,
      );
    }
    this.backend.addScaled(this.pointer, x.pointer, this.numel, scale);
    return this;
  }

  /** `this *= scale`, in place, off the tape. */
  scale_(scale: number): this {
    checkFloat('scale_', this);
    this.backend.affine(this.pointer, this.pointer, this.numel, scale, 0);
    return this;
  }

  // ── Gradients ─────────────────────────────────────────────────────────────────────────────────

  /** Marks a leaf as one whose gradient is wanted. Returns itself. */
  requireGrad(requires = true): this {
    if (this.node) {
      throw new UserError(
        'requireGrad: expected a leaf, got the result of an operation; detach() it first',
      );
    }
    if (requires && this.dtype !== 'float32') {
      throw new UserError(`requireGrad: expected float32, got ${this.dtype}`);
    }
    this.requiresGrad = requires;
    return this;
  }

  /** Computes the gradients of all leaves it depends on, adding to what they hold. Needs `gradient` unless it is one number. */
  backward(gradient?: Tensor): void {
    if (!gradient && this.numel !== 1) {
      throw new ShapeError(
        'backward',
        `expected one number (a loss) or a gradient of shape ${formatShape(this.shape)}`,
      );
    }
    backward(this, gradient ?? new Tensor(unitStorage(this.backend), this.shape));
  }

  /**
   * The gradient gathered so far, or null. Where it is held by rows (an embedding's weight) asking
   * for it makes it dense; `rowGrad` gives the rows.
   */
  get grad(): Tensor | null {
    return this.slot ? this.slot.gradientOf(this) : null;
  }

  /** Takes a gradient over, or a copy of it where it is not of this scope (another may own it). */
  set grad(gradient: Tensor | null) {
    if (gradient === null) {
      this.zeroGrad();
      return;
    }
    if (!sameShape(gradient.shape, this.shape)) {
      throw new ShapeError(
        'grad',
        `expected shape ${formatShape(this.shape)}, got ${formatShape(gradient.shape)}`,
      );
    }
    if (gradient === this.grad) return;
    this.gradientSlot().take(this, gradient.storage.scope ? gradient : gradient.clone());
  }

  /** The gradient by rows, where only an embedding has used this tensor since `zeroGrad()`. */
  get rowGrad(): RowGradient | null {
    return this.slot ? this.slot.rows : null;
  }

  /** Whether it holds a gradient in either form. */
  get hasGrad(): boolean {
    return this.slot !== null && !this.slot.isEmpty;
  }

  /** Drops the gradient and gives its memory back. */
  zeroGrad(): void {
    this.slot?.clear();
  }

  /** Where a leaf gathers its gradient; for `backward()`. */
  gradientSlot(): GradientSlot {
    this.slot ??= new GradientSlot(this);
    return this.slot;
  }

  // ── Element-wise ──────────────────────────────────────────────────────────────────────────────

  add(other: Tensor | number): Tensor {
    return elementwise.add(this, other);
  }
  sub(other: Tensor | number): Tensor {
    return elementwise.sub(this, other);
  }
  mul(other: Tensor | number): Tensor {
    return elementwise.mul(this, other);
  }
  div(other: Tensor | number): Tensor {
    return elementwise.div(this, other);
  }
  neg(): Tensor {
    return elementwise.neg(this);
  }
  abs(): Tensor {
    return elementwise.abs(this);
  }
  exp(): Tensor {
    return elementwise.exp(this);
  }
  log(): Tensor {
    return elementwise.log(this);
  }
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }
  square(): Tensor {
    return elementwise.square(this);
  }
  tanh(): Tensor {
    return elementwise.tanh(this);
  }
  sigmoid(): Tensor {
    return elementwise.sigmoid(this);
  }
  relu(): Tensor {
    return elementwise.relu(this);
  }
  leakyRelu(negativeSlope?: number): Tensor {
    return elementwise.leakyRelu(this, negativeSlope);
  }
  gelu(approximate?: 'none' | 'tanh'): Tensor {
    return elementwise.gelu(this, approximate);
  }
  silu(): Tensor {
    return elementwise.silu(this);
  }

  // ── Reductions, over all dimensions unless told which ─────────────────────────────────────────

  sum(dim?: number | readonly number[], keepdim?: boolean): Tensor {
    return reduce.sum(this, dim, keepdim);
  }
  mean(dim?: number | readonly number[], keepdim?: boolean): Tensor {
    return reduce.mean(this, dim, keepdim);
  }
  amax(dim?: number | readonly number[], keepdim?: boolean): Tensor {
    return reduce.amax(this, dim, keepdim);
  }
  var(dim?: number | readonly number[], options?: reduce.VarianceOptions): Tensor {
    return reduce.variance(this, dim, options);
  }
  softmax(dim?: number): Tensor {
    return softmaxOps.softmax(this, dim);
  }
  logSoftmax(dim?: number): Tensor {
    return softmaxOps.logSoftmax(this, dim);
  }

  // ── Matrix product, shapes ────────────────────────────────────────────────────────────────────

  matmul(other: Tensor): Tensor {
    return matrix.matmul(this, other);
  }
  reshape(...shape: number[]): Tensor {
    return move.reshape(this, shape);
  }
  /** As `reshape`: tensors are contiguous, so that a view can always be had. */
  view(...shape: number[]): Tensor {
    return move.reshape(this, shape);
  }
  flatten(startDim?: number, endDim?: number): Tensor {
    return move.flatten(this, startDim, endDim);
  }
  permute(...dims: number[]): Tensor {
    return move.permute(this, dims);
  }
  transpose(dim0: number, dim1: number): Tensor {
    return move.transpose(this, dim0, dim1);
  }
  narrow(dim: number, start: number, length: number): Tensor {
    return move.narrow(this, dim, start, length);
  }
  expand(...shape: number[]): Tensor {
    return move.expand(this, shape);
  }
}
