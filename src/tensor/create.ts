/** Tensors from nothing: from values, filled, or random. */
import type { Backend, DType } from '../backend/backend.js';
import { defaultBackend } from '../backend/index.js';
import { ShapeError } from '../util/errors.js';
import { checkShape, formatShape, numel, type Shape } from '../util/shape.js';
import { defaultRandom, type RandomSource } from './random.js';
import { allocate } from './scope.js';
import { type Nested, Tensor } from './tensor.js';

let chosen: Backend | null = null;

/** The backend on which new tensors are made: the native one where it loads, unless `useBackend` chose. */
export function currentBackend(): Backend {
  chosen ??= defaultBackend();
  return chosen;
}

/** Makes new tensors on `backend` from now on. */
export function useBackend(backend: Backend): void {
  chosen = backend;
}

/** Runs `body` with new tensors on `backend`. */
export function withBackend<T>(backend: Backend, body: () => T): T {
  const before = chosen;
  chosen = backend;
  try {
    return body();
  } finally {
    chosen = before;
  }
}

/** Uninitialised. */
export function empty(shape: Shape, dtype: DType = 'float32'): Tensor {
  checkShape('empty', shape);
  return new Tensor(allocate(currentBackend(), dtype, numel(shape)), shape);
}

export function full(shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  return empty(shape, dtype).fill_(value);
}

export function zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 0, dtype);
}

export function ones(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 1, dtype);
}

function flattenInto(flat: number[], values: Nested, depth: number, shape: number[]): void {
  if (typeof values === 'number') {
    if (depth !== shape.length)
      throw new ShapeError('tensor', 'expected nested arrays of one depth');
    flat.push(values);
    return;
  }
  if (flat.length === 0 && depth === shape.length) shape.push(values.length);
  if (depth >= shape.length || values.length !== shape[depth]) {
    throw new ShapeError(
      'tensor',
      `expected nested arrays of one length at each depth, got ${values.length} entries at depth ${depth}`,
    );
  }
  for (const value of values) flattenInto(flat, value, depth + 1, shape);
}

type Flat = Float32Array | Float64Array | Int32Array | Uint16Array | Uint32Array;

/**
 * From nested arrays, or from a flat typed array and a shape (its length unless told). Integer arrays
 * become int32, others float32, unless `dtype` says.
 *
 * @throws ShapeError when the values do not fill the shape.
 */
export function tensor(
  values: Nested | Flat,
  options: { shape?: Shape; dtype?: DType } = {},
): Tensor {
  const isFlat = ArrayBuffer.isView(values);
  let flat: ArrayLike<number>;
  let shape: Shape;
  if (isFlat) {
    flat = values;
    shape = [values.length];
  } else {
    const list: number[] = [];
    const found: number[] = [];
    flattenInto(list, values, 0, found);
    flat = list;
    shape = found;
  }
  const isFloat = !isFlat || values instanceof Float32Array || values instanceof Float64Array;
  const { dtype = isFloat ? 'float32' : 'int32' } = options;
  const wanted = options.shape ?? shape;
  if (numel(wanted) !== flat.length) {
    throw new ShapeError(
      'tensor',
      `expected ${numel(wanted)} values for shape ${formatShape(wanted)}, got ${flat.length}`,
    );
  }
  return empty(wanted, dtype).copy_(flat);
}

/** Uniform over [low, high). */
export function rand(
  shape: Shape,
  {
    low = 0,
    high = 1,
    random = defaultRandom,
  }: { low?: number; high?: number; random?: RandomSource } = {},
): Tensor {
  const out = empty(shape);
  out.backend.uniform(out.pointer, out.numel, low, high, random.take(out.numel));
  return out;
}

/** Normal with the given mean and standard deviation. */
export function randn(
  shape: Shape,
  {
    mean = 0,
    std = 1,
    random = defaultRandom,
  }: { mean?: number; std?: number; random?: RandomSource } = {},
): Tensor {
  const out = empty(shape);
  out.backend.normal(out.pointer, out.numel, mean, std, random.take(out.numel));
  return out;
}
