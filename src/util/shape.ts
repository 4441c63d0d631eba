/**
 * Shapes: lists of dimension sizes, row-major. The helpers here only compute; whoever calls them
 * names the operation in the error.
 */
import { describeValue } from './describe.js';
import { ShapeError } from './errors.js';

/** Sizes by dimension, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** `(2, 3)`, as PyTorch users read it. */
export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')})`;
}

/** Number of elements. 1 for a scalar. */
export function numel(shape: Shape): number {
  let count = 1;
  for (let i = 0; i < shape.length; i++) count *= shape[i];
  return count;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** Number of elements. Throws unless every size is a non-negative whole number. */
export function checkShape(operation: string, shape: Shape): number {
  if (!Array.isArray(shape)) {
    throw new ShapeError(
      operation,
      `expected a shape, sizes such as [2, 3], got ${describeValue(shape)}`,
    );
  }
  let count = 1;
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i];
    if (!(Number.isSafeInteger(size) && size >= 0)) {
      throw new ShapeError(
        operation,
        `expected sizes that are whole numbers of at least 0, got ${describeShape(shape)}`,
      );
    }
    count *= size;
  }
  return count;
}

/** A shape as it was given, for an error: its entries may be anything. */
export function describeShape(shape: readonly unknown[]): string {
  const shown = shape
    .slice(0, 8)
    .map((size) => (typeof size === 'number' ? String(size) : describeValue(size)));
  return `(${shown.join(', ')}${shape.length > 8 ? ', …' : ''})`;
}

/** A checked copy, which the caller's later changes to his array do not reach. */
export function ownShape(operation: string, shape: Shape): number[] {
  checkShape(operation, shape);
  return [...shape];
}

/** One dimension, negative ones counted from the end. */
export function normalizeDim(operation: string, dim: number, ndim: number): number {
  const normal = Number.isInteger(dim) ? (dim < 0 ? dim + ndim : dim) : -1;
  if (normal < 0 || normal >= ndim) {
    const range =
      ndim === 0 ? 'no dimension for a scalar' : `a dimension from ${-ndim} to ${ndim - 1}`;
    throw new ShapeError(operation, `expected ${range}, got ${describeValue(dim)}`);
  }
  return normal;
}

/** Ascending, distinct dimensions; all of them when `dims` is undefined. */
export function normalizeDims(
  operation: string,
  dims: number | readonly number[] | undefined,
  ndim: number,
): number[] {
  if (dims === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const list = Array.isArray(dims) ? dims : [dims];
  const normal = list.map((dim) => normalizeDim(operation, dim, ndim)).sort((a, b) => a - b);
  for (let i = 1; i < normal.length; i++) {
    if (normal[i] === normal[i - 1]) {
      throw new ShapeError(
        operation,
        `dimension ${normal[i]} is named twice in (${list.join(', ')})`,
      );
    }
  }
  return normal;
}

/** The shape both broadcast to, by NumPy's rules: aligned at the end, a size of 1 stretches. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const ndim = Math.max(a.length, b.length);
  const shape = new Array<number>(ndim);
  for (let i = 1; i <= ndim; i++) {
    const sizeA = i <= a.length ? a[a.length - i] : 1;
    const sizeB = i <= b.length ? b[b.length - i] : 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) {
      throw new ShapeError(
        operation,
        `expected shapes that broadcast (equal sizes, or 1, counted from the end), got ${formatShape(a)} and ${formatShape(b)}`,
      );
    }
    shape[ndim - i] = sizeA === 1 ? sizeB : sizeA;
  }
  return shape;
}

/** Strides that read a contiguous tensor of `from` as if it had shape `to`: 0 where it is stretched. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = new Array<number>(to.length).fill(0);
  let stride = 1;
  for (let i = 1; i <= from.length; i++) {
    const size = from[from.length - i];
    if (size !== 1) strides[to.length - i] = stride;
    stride *= size;
  }
  return strides;
}

/**
 * Merges neighbouring dimensions that every list of strides walks as one, and drops those of size 1:
 * the fewest loops that do the same work. Rewrites its arguments in place.
 */
export function collapse(shape: number[], ...strides: number[][]): void {
  let kept = 0;
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue;
    if (kept > 0 && strides.every((s) => s[kept - 1] === s[i] * shape[i])) {
      shape[kept - 1] *= shape[i];
      for (const s of strides) s[kept - 1] = s[i];
    } else {
      shape[kept] = shape[i];
      for (const s of strides) s[kept] = s[i];
      kept++;
    }
  }
  shape.length = kept;
  for (const s of strides) s.length = kept;
}
