/** Tensors from nothing: from values, filled, or random. */
import type { Backend, DType } from '../backend/backend.js';
import { defaultBackend } from '../backend/choice.js';
import { checkFlag, checkFunction, checkOptions, checkRange } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { ShapeError, UserError } from '../util/errors.js';
import { checkShape, formatShape, numel, ownShape, type Shape } from '../util/shape.js';
import { type ShapeAnd, shapeAnd } from './ops/arguments.js';
import { checkDType, checkIndices, checkNumber, checkNumbers } from './ops/check.js';
import { checkSource, type RandomSource } from './random.js';
import { allocate } from './scope.js';
import { type Nested, Tensor } from './tensor.js';

let chosen: Backend | null = null;

/** The backend on which new tensors are made: the native one where it loads, unless `useBackend` chose. */
export function currentBackend(): Backend {
  chosen ??= defaultBackend();
  return chosen;
}

function checkBackend(operation: string, backend: Backend): Backend {
  if (typeof backend?.alloc === 'function' && typeof backend.matmul === 'function') return backend;
  throw new UserError(
    `${operation}: expected a backend, such as new ReferenceBackend(), got ${describeValue(backend)}`,
  );
}

/** Makes new tensors on `backend` from now on. */
export function useBackend(backend: Backend): void {
  chosen = checkBackend('useBackend', backend);
}

/** Runs `body` with new tensors on `backend`. */
export function withBackend<T>(backend: Backend, body: () => T): T {
  checkFunction('withBackend', 'code to run', body);
  const before = chosen;
  chosen = checkBackend('withBackend', backend);
  try {
    return body();
  } finally {
    chosen = before;
  }
}

/** What a tensor is to be, besides its values. */
export interface TensorOptions {
  /** Default float32, where the values do not say otherwise. */
  dtype?: DType;
  /** Whether it is a leaf whose gradient is wanted (`x.requireGrad()`). Default false. */
  requiresGrad?: boolean;
}

/** A dtype alone, or with the rest. */
function tensorOptions(operation: string, option: DType | TensorOptions | undefined) {
  if (option === undefined) return {};
  if (typeof option === 'string') return { dtype: option };
  return checkOptions(operation, option, ['dtype', 'requiresGrad']);
}

/** A tensor that was just made, as a leaf where that was asked for. */
function leaf(operation: string, x: Tensor, requiresGrad: boolean | undefined): Tensor {
  if (requiresGrad === undefined) return x;
  checkFlag(operation, 'requiresGrad', requiresGrad);
  return requiresGrad ? x.requireGrad() : x;
}

/** An uninitialised tensor of a shape of its own. */
export function make(operation: string, shape: Shape, dtype: DType): Tensor {
  const own = ownShape(operation, shape);
  checkDType(operation, dtype);
  return new Tensor(allocate(currentBackend(), dtype, numel(own)), own);
}

/** Uninitialised: `empty(2, 3)`, `empty([2, 3])`, `empty([2, 3], 'int32')`. Default dtype: float32, here and below. */
export function empty(...given: ShapeAnd<DType | TensorOptions>): Tensor {
  const { shape, option } = shapeAnd(given);
  const { dtype = 'float32', requiresGrad } = tensorOptions('empty', option);
  return leaf('empty', make('empty', shape, dtype), requiresGrad);
}

/** `value` everywhere. */
export function full(shape: Shape, value: number, options?: DType | TensorOptions): Tensor {
  return filled('full', shape, value, options);
}

function filled(
  operation: string,
  shape: Shape,
  value: number,
  option: DType | TensorOptions | undefined,
): Tensor {
  const { dtype = 'float32', requiresGrad } = tensorOptions(operation, option);
  const out = make(operation, shape, dtype);
  checkNumber(operation, value, dtype);
  return leaf(operation, out.fill_(value), requiresGrad);
}

/** 0 everywhere. */
export function zeros(...given: ShapeAnd<DType | TensorOptions>): Tensor {
  const { shape, option } = shapeAnd(given);
  return filled('zeros', shape, 0, option);
}

/** 1 everywhere. */
export function ones(...given: ShapeAnd<DType | TensorOptions>): Tensor {
  const { shape, option } = shapeAnd(given);
  return filled('ones', shape, 1, option);
}

/** Nested arrays as one flat list, and their shape. An array may be typed, and is then the innermost. */
function flattened(values: unknown): { flat: number[]; shape: number[]; dtype: DType } {
  let dtype: DType | undefined;
  const flat: number[] = [];
  const shape: number[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (typeof value === 'number' || typeof value === 'boolean') {
      const kind = typeof value === 'number' ? 'float32' : 'bool';
      if ((dtype ??= kind) !== kind) {
        throw new UserError('tensor: expected numbers or booleans, got both');
      }
      if (depth !== shape.length) {
        throw new ShapeError('tensor', 'expected nested arrays of one depth');
      }
      flat.push(Number(value));
      return;
    }
    const isTyped = ArrayBuffer.isView(value) && !(value instanceof DataView);
    if (!Array.isArray(value) && !isTyped) {
      throw new UserError(
        `tensor: expected numbers in nested arrays, got ${describeValue(value)}${flat.length > 0 ? ` after ${flat.length} numbers` : ''}`,
      );
    }
    const list = value as ArrayLike<unknown>;
    if (flat.length === 0 && depth === shape.length) {
      if (depth === MAX_DEPTH) {
        throw new ShapeError('tensor', `expected at most ${MAX_DEPTH} nested arrays`);
      }
      shape.push(list.length);
    }
    if (depth >= shape.length || list.length !== shape[depth]) {
      throw new ShapeError(
        'tensor',
        `expected nested arrays of one length at each depth, got ${list.length} entries at depth ${depth}`,
      );
    }
    for (let i = 0; i < list.length; i++) visit(list[i], depth + 1);
  };
  visit(values, 0);
  return { flat, shape, dtype: dtype ?? 'float32' };
}

/** More dimensions than anybody has; an array that holds itself has more still. */
const MAX_DEPTH = 64;

/** Masks in nested arrays. */
type NestedBooleans = boolean | NestedBooleans[];

type Flat = Float32Array | Float64Array | Int32Array | Uint16Array | Uint32Array;

/**
 * From nested arrays, or from a flat typed array and a shape (default: its length). Typed arrays of
 * integers become int32, booleans bool, all else float32, unless `dtype` says: ids in plain arrays are
 * `tensor([3, 1, 2], 'int32')`.
 *
 * @throws ShapeError when the values do not fill the shape; UserError for what is no number, and for one
 *   that int32 cannot hold.
 */
export function tensor(
  values: Nested | NestedBooleans | Flat,
  options: ({ shape?: Shape } & TensorOptions) | DType = {},
): Tensor {
  const isFlat = ArrayBuffer.isView(values) && !((values as object) instanceof DataView);
  const found: { flat: ArrayLike<number>; shape: Shape; dtype: DType } = isFlat
    ? { flat: values, shape: [values.length], dtype: dtypeOf(values) }
    : flattened(values);
  const { flat } = found;
  const given: { shape?: Shape } & TensorOptions =
    typeof options === 'string'
      ? { dtype: options }
      : checkOptions('tensor', options, ['shape', 'dtype', 'requiresGrad']);
  const { dtype = found.dtype, shape: wanted = found.shape } = given;
  checkShape('tensor', wanted);
  if (numel(wanted) !== flat.length) {
    throw new ShapeError(
      'tensor',
      `expected ${numel(wanted)} values for shape ${formatShape(wanted)}, got ${flat.length}`,
    );
  }
  checkNumbers('tensor', flat, dtype);
  return leaf('tensor', make('tensor', wanted, dtype).copy_(flat), given.requiresGrad);
}

/** float32 of floats, int32 of integers. */
const dtypeOf = (values: Flat): DType =>
  values instanceof Float32Array || values instanceof Float64Array ? 'float32' : 'int32';

/** Indices: an int32 tensor, or whole numbers in arrays, nested as its shape is to be. */
export type Indices = Tensor | Nested | Int32Array | Uint16Array | Uint32Array;

/** Indices as an int32 tensor on `backend`: as they come where they are one. */
export function indicesOf(operation: string, ids: Indices, backend: Backend): Tensor {
  if (!(ids instanceof Tensor) && (Array.isArray(ids) || ArrayBuffer.isView(ids))) {
    return withBackend(backend, () => tensor(ids, { dtype: 'int32' }));
  }
  checkIndices(operation, ids as Tensor);
  return ids as Tensor;
}

/** Where a function that draws random numbers takes them from. */
export interface RandomOptions {
  random?: RandomSource;
}

/** For `rand`. */
export interface UniformOptions extends RandomOptions, Pick<TensorOptions, 'requiresGrad'> {
  low?: number;
  high?: number;
}

/** For `randn`. */
export interface NormalOptions extends RandomOptions, Pick<TensorOptions, 'requiresGrad'> {
  mean?: number;
  std?: number;
}

/** Uniform over [low, high), by default [0, 1): `rand(2, 3)`, `rand([2, 3], { high: 5 })`. */
export function rand(...given: ShapeAnd<UniformOptions>): Tensor {
  const { shape, option: options = {} } = shapeAnd(given);
  const { low = 0, high = 1 } = checkOptions('rand', options, [
    'low',
    'high',
    'random',
    'requiresGrad',
  ]);
  checkRange('rand', 'low', low);
  checkRange('rand', 'high', high, low);
  const random = checkSource('rand', options.random);
  const out = make('rand', shape, 'float32');
  out.backend.uniform(out.pointer, out.numel, low, high, random.take(out.numel));
  return leaf('rand', out, options.requiresGrad);
}

/** Normal with the given mean and standard deviation, by default 0 and 1. */
export function randn(...given: ShapeAnd<NormalOptions>): Tensor {
  const { shape, option: options = {} } = shapeAnd(given);
  const { mean = 0, std = 1 } = checkOptions('randn', options, [
    'mean',
    'std',
    'random',
    'requiresGrad',
  ]);
  checkRange('randn', 'mean', mean);
  checkRange('randn', 'std', std, 0);
  const random = checkSource('randn', options.random);
  const out = make('randn', shape, 'float32');
  out.backend.normal(out.pointer, out.numel, mean, std, random.take(out.numel));
  return leaf('randn', out, options.requiresGrad);
}
