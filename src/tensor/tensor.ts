/**
 * `Tensor`: numbers with a shape, and the memory of how they came about.
 *
 * This file holds what a tensor is; what can be computed with it stands by family in `ops/`, and
 * methods.ts offers it as methods, under PyTorch's names.
 */
import type { Backend, DType } from '../backend/backend.js';
import { describeValue } from '../util/describe.js';
import { ShapeError, UserError } from '../util/errors.js';
import { checkShape, formatShape, normalizeDim, type Shape } from '../util/shape.js';
import { backward } from './backward.js';
import { copyOf, IS_TENSOR } from './copy.js';
import { formatTensor } from './format.js';
import { GradientSlot, type RowGradient } from './gradient.js';
import { checkDType, checkFloat, checkNumber } from './ops/check.js';
import { allocate, keepWhileUsed, type Storage } from './scope.js';
import { isGradEnabled, type Node } from './tape.js';
import { unitStorage } from './unit.js';
import { apart, checkLike, writeInto } from './write.js';

/** Values as nested arrays, in the tensor's shape. */
export type Nested = number | Nested[];

export class Tensor {
  /** Sizes by dimension; `[]` for a scalar. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly numel: number;
  readonly storage: Storage;
  /** Where in the storage it begins, in elements. Tensors are contiguous from there. */
  readonly offset: number;
  /** Whether `backward()` should reach it: set on parameters, inherited by what is computed from them. */
  requiresGrad = false;
  /** How it was computed, where a gradient is wanted. Leaves have none. */
  node: Node | null = null;
  /** Made with the first gradient; most tensors never have one. */
  private slot: GradientSlot | null = null;

  /**
   * A view of `storage`, which must hold what the shape asks for. `shape` is kept, not copied: it is
   * the caller's no more.
   */
  constructor(storage: Storage, shape: Shape, offset = 0) {
    const count = checkShape('Tensor', shape);
    if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + count <= storage.count)) {
      throw new ShapeError(
        'Tensor',
        `expected a shape within the ${storage.count} elements of its memory, got ${formatShape(shape)} from element ${describeValue(offset)} on`,
      );
    }
    this.storage = storage;
    this.shape = shape;
    this.numel = count;
    this.offset = offset;
    this.dtype = storage.dtype;
  }

  /** Tells it from other things, where its class is not to be had: see `isTensor`. */
  get [IS_TENSOR](): true {
    return true;
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────

  get backend(): Backend {
    return this.storage.backend;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** Size of one dimension, negative ones counted from the end. @throws ShapeError when there is no such dimension. */
  size(dim: number): number {
    return this.shape[normalizeDim('size', dim, this.shape.length)];
  }

  /** Where it lies in its backend's memory. @throws UserError when its scope has freed it. */
  get pointer(): unknown {
    const { storage } = this;
    if (storage.isFreed) {
      throw new UserError(
        `tensor ${formatShape(this.shape)}: its memory was freed, by dispose() or when its scope closed; return it from the scope, or retain() it`,
      );
    }
    if (storage.owner !== null) keepWhileUsed(storage.owner);
    return this.offset === 0
      ? storage.pointer
      : storage.backend.offset(storage.pointer, this.offset);
  }

  /** A new, uninitialised tensor on the same backend, in the current scope. */
  empty(shape: Shape, dtype: DType = 'float32'): Tensor {
    const count = checkShape('empty', shape);
    checkDType('empty', dtype);
    return new Tensor(allocate(this.storage.backend, dtype, count), shape);
  }

  /** The same memory under another shape, from `offset` elements on: off the tape, as its name says. `view` stays on it. */
  alias(shape: Shape, offset = this.offset): Tensor {
    return new Tensor(this.storage, shape, offset);
  }

  /** The same values, cut off from the tape. Shares memory. */
  detach(): Tensor {
    return this.alias(this.shape);
  }

  /** Makes it, and the gradient that it holds, outlive the scope it was made in. Returns itself. */
  retain(): this {
    this.storage.retain();
    this.slot?.follow(this);
    return this;
  }

  /** Its memory, and that of the gradient which it holds. */
  *storages(): Iterable<Storage> {
    yield this.storage;
    if (this.slot) yield* this.slot.storages();
  }

  /** Frees its memory now. Views of it die with it. */
  dispose(): void {
    this.storage.free();
  }

  /** Its values as PyTorch shows them: rounded, aligned, cut to the ends where they are many. */
  toString(): string {
    return formatTensor(this);
  }

  /** What `console.log` and the prompt show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return formatTensor(this);
  }

  /** Nested arrays, so that `tensor(JSON.parse(JSON.stringify(x)))` is x again (NaN and infinities become null). */
  toJSON(): Nested {
    return this.toArraySync();
  }

  // ── Reading and writing values ────────────────────────────────────────────────────────────────

  /** A copy of its values, flat. Asynchronous, because a device may lie behind it. */
  async data(): Promise<Float32Array | Int32Array> {
    return this.dataSync();
  }

  /** As `data()`, at once (CPU backends). */
  dataSync(): Float32Array | Int32Array {
    const out =
      this.dtype === 'float32' ? new Float32Array(this.numel) : new Int32Array(this.numel);
    if (out.length > 0) this.backend.read(this.pointer, this.dtype, out);
    return out;
  }

  /** Its values in double precision: exact where the backend computes in doubles. */
  doublesSync(): Float64Array {
    const out = new Float64Array(this.numel);
    if (this.dtype !== 'float32') out.set(this.dataSync());
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
    return this.toArraySync();
  }

  /** As `toArray()`, at once (CPU backends). */
  toArraySync(): Nested {
    const flat = this.dataSync();
    let at = 0;
    const build = (dim: number): Nested =>
      dim === this.ndim
        ? flat[at++]
        : Array.from({ length: this.shape[dim] }, () => build(dim + 1));
    return build(0);
  }

  /**
   * Overwrites its values in place, off the tape. `values` is flat, or a tensor of the same shape.
   *
   * @throws ShapeError when the values do not fill it; UserError for one that its dtype cannot hold, and
   *   where its history would no longer be true: see `changeInPlace`.
   */
  copy_(values: ArrayLike<number> | Tensor): this {
    this.changeInPlace('copy_');
    writeInto(this, values);
    return this;
  }

  /** Sets every element, in place, off the tape. */
  fill_(value: number): this {
    checkNumber('fill_', value, this.dtype);
    this.changeInPlace('fill_');
    this.backend.fill(this.pointer, this.dtype, this.numel, value);
    return this;
  }

  /** `this += scale · x`, in place, off the tape. Shapes must be equal. */
  addScaled_(x: Tensor, scale: number): this {
    checkFloat('addScaled_', this);
    checkFloat('addScaled_', x);
    checkNumber('addScaled_', scale, 'float32');
    checkLike('addScaled_', 'a tensor', this, x);
    this.changeInPlace('addScaled_');
    this.backend.addScaled(this.pointer, apart(x, this).pointer, this.numel, scale);
    return this;
  }

  /** `this *= scale`, in place, off the tape. */
  scale_(scale: number): this {
    checkFloat('scale_', this);
    checkNumber('scale_', scale, 'float32');
    this.changeInPlace('scale_');
    this.backend.affine(this.pointer, this.pointer, this.numel, scale, 0);
    return this;
  }

  /**
   * To be called before the values are written over by whatever is not on the tape: a backward that
   * still needs the old ones will say so.
   *
   * @throws UserError for the result of a recorded operation, whose history would no longer be true.
   *   Within `noGrad` the caller vouches for it.
   */
  changeInPlace(operation: string): void {
    if (this.node && isGradEnabled()) {
      throw new UserError(
        `${operation}: expected a tensor without history, got the result of ${this.node.name}; changes in place are not recorded: detach() it first, or change it within noGrad()`,
      );
    }
    this.storage.touch();
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
    if (gradient !== undefined) checkLike('backward', 'a gradient', this, gradient);
    else if (this.numel !== 1) {
      throw new ShapeError(
        'backward',
        `expected one number (a loss) or a gradient of shape ${formatShape(this.shape)}, got shape ${formatShape(this.shape)} and no gradient`,
      );
    }
    backward(this, gradient ?? new Tensor(unitStorage(this.backend), this.shape));
  }

  /**
   * The gradient gathered so far, or null. Where it is held by rows (an embedding's weight) asking
   * for it makes it dense; `rowGrad` gives the rows. It stays valid for whoever holds it when
   * `zeroGrad()` drops it, as long as the scope at hand is open.
   */
  get grad(): Tensor | null {
    return this.slot ? this.slot.handOut(this) : null;
  }

  /** Takes a gradient over, or a copy of it where it is not of this scope (another may own it). */
  set grad(gradient: Tensor | null) {
    if (gradient === null) {
      this.zeroGrad();
      return;
    }
    checkLike('grad', 'a gradient', this, gradient);
    const slot = this.gradientSlot();
    if (gradient === slot.handOut(this)) return;
    slot.take(this, gradient.storage.scope ? gradient : copyOf(gradient));
    slot.handOut(this);
  }

  /** As `grad`, for those who do not keep it beyond `zeroGrad()`: an optimizer, a norm. */
  get ownGrad(): Tensor | null {
    return this.slot ? this.slot.gradientOf(this) : null;
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
    this.slot ??= new GradientSlot();
    return this.slot;
  }
}
