/** Gradients at rest: in full or by rows, and the slot in which a leaf gathers them. */

import { UserError } from '../util/errors.js';
import { copyOf } from './copy.js';
import type { Storage } from './scope.js';
import type { Tensor } from './tensor.js';

/**
 * A gradient by rows: that of an embedding's weight, of which a batch uses few rows. `rows` (int32)
 * holds ascending distinct indices, of which the first `rowCount` count; `values` their gradients.
 */
export class RowGradient {
  constructor(
    readonly rows: Tensor,
    readonly values: Tensor,
    readonly rowCount: number,
  ) {}

  /**
   * Where its rows' numbers lie, for kernels that write where these say.
   *
   * @throws UserError when they were changed in place, and may now name rows that do not exist.
   */
  get rowPointer(): unknown {
    if (this.rows.storage.changed > 0) {
      throw new UserError(
        'a gradient by rows: expected the rows as the backward left them, but they were changed in place; change the values, or grad, which is in full',
      );
    }
    return this.rows.pointer;
  }

  /** Values in each row. */
  get width(): number {
    return this.values.shape[1];
  }

  free(): void {
    this.rows.storage.free();
    this.values.storage.free();
  }
}

/** What a backward returns for an input: its gradient, or null where none is needed. */
export type InputGradient = Tensor | RowGradient | null;

/** A gradient by rows, written out in full for a tensor like `weight`. */
export function inFull(weight: Tensor, gradient: RowGradient): Tensor {
  return addRows(weight.empty(weight.shape).fill_(0), gradient);
}

/** The sum of two gradients by rows of `weight`, in the scope at hand. Both stay as they are. */
export function sumOfRows(weight: Tensor, a: RowGradient, b: RowGradient): RowGradient {
  const [idsA, idsB] = [idsOf(a), idsOf(b)];
  const ids = new Int32Array(idsA.length + idsB.length);
  const [placesA, placesB] = [new Int32Array(idsA.length), new Int32Array(idsB.length)];
  let count = 0;
  for (let i = 0, j = 0; i < idsA.length || j < idsB.length; count++) {
    const id = Math.min(idsA[i] ?? Infinity, idsB[j] ?? Infinity);
    ids[count] = id;
    if (idsA[i] === id) placesA[i++] = count;
    if (idsB[j] === id) placesB[j++] = count;
  }
  const { width } = a;
  const rows = weight.empty([count], 'int32');
  if (count > 0) rows.backend.write(rows.pointer, 'int32', ids.subarray(0, count));
  const values = weight.empty([count, width]).fill_(0);
  for (const [from, places] of [
    [a, placesA],
    [b, placesB],
  ] as const) {
    const at = weight.empty([places.length], 'int32').copy_(places);
    const { backend, pointer } = values;
    backend.addRows(pointer, at.pointer, from.values.pointer, places.length, width);
  }
  return new RowGradient(rows, values, count);
}

/** The rows' numbers, ascending. */
function idsOf({ rows, rowCount }: RowGradient): Int32Array {
  const ids = new Int32Array(rowCount);
  if (rowCount > 0) rows.backend.read(rows.pointer, 'int32', ids);
  return ids;
}

function addRows(dense: Tensor, gradient: RowGradient): Tensor {
  const { values, rowCount, width } = gradient;
  dense.backend.addRows(dense.pointer, gradient.rowPointer, values.pointer, rowCount, width);
  dense.storage.touch();
  return dense;
}

/**
 * A leaf's gradient, in one of two forms. It is an object apart from the tensor so that it can still
 * be reached when the tensor was dropped, and its memory be given back.
 */
export class GradientSlot {
  private dense: Tensor | null = null;
  private byRows: RowGradient | null = null;
  /** Whether a caller may hold the dense gradient. */
  private lent = false;
  /** Whether `dropped` knows of it. */
  private watched = false;

  get isEmpty(): boolean {
    return this.dense === null && this.byRows === null;
  }

  get rows(): RowGradient | null {
    return this.byRows;
  }

  /** What it holds, made dense where it was by rows. */
  gradientOf(owner: Tensor): Tensor | null {
    if (this.byRows) this.take(owner, inFull(owner, this.byRows));
    return this.dense;
  }

  /** As `gradientOf`, for a caller who may keep it: it is then not freed under his hands. */
  handOut(owner: Tensor): Tensor | null {
    const gradient = this.gradientOf(owner);
    this.lent = gradient !== null;
    return gradient;
  }

  /** Adds to what it holds; `shared` memory is copied, other memory taken over. */
  add(owner: Tensor, gradient: Tensor, shared: boolean): void {
    const before = this.gradientOf(owner);
    if (!before) {
      this.take(owner, shared ? copyOf(gradient) : gradient);
      return;
    }
    before.addScaled_(gradient, 1);
    if (!shared) gradient.storage.free();
  }

  /** Adds to what it holds, taking the memory over. */
  addByRows(owner: Tensor, gradient: RowGradient): void {
    const before = this.gradientOf(owner);
    if (!before) {
      this.take(owner, gradient);
      return;
    }
    addRows(before, gradient);
    gradient.free();
  }

  /** Hands over what it holds, and is empty: whoever has it frees it, or hands it to `merge`. */
  lift(): Tensor | RowGradient | null {
    const held = this.dense ?? this.byRows;
    this.dense = null;
    this.byRows = null;
    this.lent = false;
    return held;
  }

  /**
   * Adds what was lifted out of it, taking the memory over. Unlike `addByRows` it leaves rows rows: the sum
   * of two gradients by rows has the rows of both, whose values are those of the dense sum, bit for bit.
   */
  merge(owner: Tensor, other: Tensor | RowGradient | null): void {
    if (other === null) return;
    if (this.isEmpty) this.take(owner, other);
    else if (!(other instanceof RowGradient)) this.mergeDense(owner, other);
    else if (this.byRows === null) this.addByRows(owner, other);
    else {
      const sum = sumOfRows(owner, this.byRows, other);
      other.free();
      this.take(owner, sum);
    }
  }

  private mergeDense(owner: Tensor, other: Tensor): void {
    if (this.byRows === null) {
      this.add(owner, other, false);
      return;
    }
    addRows(other, this.byRows);
    this.take(owner, other);
  }

  /** Drops what it holds and takes this, which is to live as long as `owner` does. */
  take(owner: Tensor, gradient: Tensor | RowGradient): void {
    this.clear();
    if (gradient instanceof RowGradient) this.byRows = gradient;
    else this.dense = gradient;
    this.follow(owner);
  }

  /** Has what it holds live where its owner does. */
  follow(owner: Tensor): void {
    // Spelt out, here and in `clear`: this is done for every parameter in every step.
    this.dense?.storage.follow(owner.storage);
    this.byRows?.rows.storage.follow(owner.storage);
    this.byRows?.values.storage.follow(owner.storage);
    const { scope, owner: collected } = owner.storage;
    if (scope || collected || this.watched) return;
    this.watched = true;
    dropped.register(owner, this);
  }

  /** The memory of what it holds. */
  *storages(): Iterable<Storage> {
    if (this.dense) yield this.dense.storage;
    if (this.byRows) {
      yield this.byRows.rows.storage;
      yield this.byRows.values.storage;
    }
  }

  /** Drops what it holds: freed at once, unless a caller may hold it. */
  clear(): void {
    if (this.lent) this.dense?.storage.leave();
    else this.dense?.storage.free();
    this.byRows?.free();
    this.dense = null;
    this.byRows = null;
    this.lent = false;
  }

  /** For when the owner is gone: others may still hold the gradient; once they do not, it is freed. */
  abandon(): void {
    for (const storage of this.storages()) storage.leave();
  }
}

const dropped = new FinalizationRegistry<GradientSlot>((slot) => slot.abandon());
