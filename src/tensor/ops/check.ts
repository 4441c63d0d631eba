/** What operations check of their inputs before they call a kernel. */
import type { DType } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape, type Shape, sameShape } from '../../util/shape.js';
import { isTensor } from '../copy.js';
import type { Tensor } from '../tensor.js';

export {
  checkFlag,
  checkFunction,
  checkObject,
  checkOptions,
  checkRange,
  checkWhole,
} from '../../util/check.js';

/** The most dimensions that a strided kernel walks. */
const MAX_LOOPS = 8;

/** Throws unless `x` is a tensor. Public functions call it before they read a field of what they were given. */
export function checkTensor(operation: string, x: unknown, what = 'a tensor'): asserts x is Tensor {
  if (!isTensor(x)) {
    throw new ShapeError(operation, `expected ${what}, got ${describeValue(x)}`);
  }
}

/** Throws unless both live on one backend: for what has no place on the tape, where it is looked at too. */
export function checkBackends(operation: string, a: Tensor, b: Tensor): void {
  if (a.storage.backend !== b.storage.backend) {
    throw new UserError(
      `${operation}: expected tensors of one backend, got ${a.backend.name}, ${b.backend.name}`,
    );
  }
}

const INT32_MAX = 2 ** 31 - 1;

/** Throws unless `value` is a number that a tensor of `dtype` can hold: int32 takes whole ones in its range, and no NaN; bool takes 0 and 1. */
export function checkNumber(operation: string, value: unknown, dtype: DType, at = ''): void {
  if (typeof value !== 'number') {
    throw new UserError(`${operation}: expected a number, got ${describeValue(value)}${at}`);
  }
  if (dtype === 'int32' && (value | 0) !== value) {
    throw new UserError(
      `${operation}: expected whole numbers from ${-INT32_MAX - 1} to ${INT32_MAX} for int32, got ${value}${at}`,
    );
  }
  if (dtype === 'bool' && value !== 0 && value !== 1) {
    throw new UserError(`${operation}: expected 0 or 1 for bool, got ${value}${at}`);
  }
}

/** As `checkNumber`, for an array of any kind. Those of types that always fit are not looked through. */
export function checkNumbers(operation: string, values: ArrayLike<number>, dtype: DType): void {
  if (!Array.isArray(values) && !(ArrayBuffer.isView(values) && !(values instanceof DataView))) {
    throw new UserError(`${operation}: expected an array of numbers, got ${describeValue(values)}`);
  }
  if (dtype !== 'bool') {
    const fits = dtype === 'float32' ? Float64Array : Int32Array;
    if (values instanceof fits || (values instanceof Float32Array && dtype === 'float32')) return;
    const given = values as object;
    if ([Int32Array, Uint16Array, Uint8Array].some((type) => given instanceof type)) return;
  }
  const { length } = values;
  for (let i = 0; i < length; i++) {
    const value: unknown = values[i];
    const isPlain = typeof value === 'number' && dtype !== 'bool';
    if (!isPlain || (dtype === 'int32' && (value | 0) !== value)) {
      checkNumber(operation, value, dtype, ` at position ${i}`);
    }
  }
}

/** Throws unless both lie on one backend: whose kernels know no other's pointers. */
export function checkOneBackend(operation: string, a: Tensor, b: Tensor): void {
  if (a.backend === b.backend) return;
  throw new UserError(
    `${operation}: expected tensors of one backend, got ${a.backend.name}, ${b.backend.name}`,
  );
}

/** Throws unless `state` is a map of tensors by name, of which none was freed. */
export function checkTensorMap(operation: string, state: unknown): void {
  if (!(state instanceof Map)) {
    throw new UserError(
      `${operation}: expected a Map of tensors by name, got ${describeValue(state)}`,
    );
  }
  for (const [name, x] of state as Map<unknown, unknown>) {
    const known = typeof name === 'string' && isTensor(x);
    if (known && !x.storage.isFreed) continue;
    const got = known ? 'one whose memory was freed' : describeValue(x);
    throw new UserError(
      `${operation}: expected a Map of tensors by name, got ${got} at ${describeValue(name)}`,
    );
  }
}

/** Throws unless tensors can be of `dtype`. */
export function checkDType(operation: string, dtype: unknown): void {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return;
  throw new UserError(
    `${operation}: expected the dtype float32, int32 or bool, got ${describeValue(dtype)}`,
  );
}

/** Throws unless `x` holds numbers (and not indices). */
export function checkFloat(operation: string, x: Tensor): void {
  checkTensor(operation, x);
  if (x.dtype !== 'float32') {
    throw new ShapeError(
      operation,
      `expected a float32 tensor, got ${x.dtype} of shape ${formatShape(x.shape)}`,
    );
  }
}

/** Throws unless `ids` holds indices. */
export function checkIndices(operation: string, ids: Tensor): void {
  checkTensor(operation, ids, 'int32 indices, a tensor or an array');
  if (ids.dtype !== 'int32') {
    throw new ShapeError(
      operation,
      `expected int32 indices, got ${ids.dtype} of shape ${formatShape(ids.shape)}`,
    );
  }
}

/** Throws when more loops are left after collapsing than a strided kernel has. */
export function checkLoops(operation: string, loops: readonly number[]): void {
  if (loops.length > MAX_LOOPS) {
    throw new ShapeError(
      operation,
      `expected at most ${MAX_LOOPS} dimensions that cannot be merged, got ${loops.length}: ${formatShape(loops)}`,
    );
  }
}

/**
 * Throws unless `targets` has one entry for each row of `x`, a row being its last dimension: either
 * shape may be flat, but two that are not have to be equal, lest (T, B) be taken for (B, T).
 */
export function checkTargets(operation: string, x: Tensor, targets: Tensor): void {
  const lead = x.shape.slice(0, -1);
  const rows = lead.reduce((product, size) => product * size, 1);
  const comparable = lead.length > 1 && targets.ndim > 1;
  if (
    x.ndim < 1 ||
    rows !== targets.numel ||
    (comparable && !sameShape(lead as Shape, targets.shape))
  ) {
    throw new ShapeError(
      operation,
      `expected a target for each row (logits or x of shape (…, n), targets (…)), got ${formatShape(x.shape)} and ${formatShape(targets.shape)}`,
    );
  }
}
