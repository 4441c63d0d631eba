/** Between the kinds of numbers. */
import type { DType } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { UserError } from '../../util/errors.js';
import { apply, NoGradient, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { Operand } from './arguments.js';
import { checkBackends, checkTensor } from './check.js';
import { combine, combineIntegers } from './strided.js';

const toFloatOperation: Operation<readonly [Tensor], null> = {
  name: 'float',
  reads: readsNone,
  forward(_context, [x]) {
    const out = x.empty(x.shape);
    x.backend.intToFloat(out.pointer, x.pointer, x.numel);
    return out;
  },
  backward: new NoGradient('whole numbers have no neighbours'),
};

const toIntOperation: Operation<readonly [Tensor], null> = {
  name: 'int',
  forward(_context, [x]) {
    const out = x.empty(x.shape, 'int32');
    if (x.dtype === 'float32') x.backend.floatToInt(out.pointer, x.pointer, x.numel);
    else out.backend.copy(out.pointer, x.pointer, 'int32', x.numel);
    return out;
  },
  backward: new NoGradient('a step function has no slope'),
};

const toBoolOperation: Operation<readonly [Tensor], null> = {
  name: 'bool',
  forward: (_context, [x]) =>
    x.dtype === 'float32'
      ? combine('ne', x, scalarLike(x, 0, 'float32'))
      : combineIntegers('ne', x, scalarLike(x, 0, 'int32'), 'bool'),
  backward: new NoGradient('a step function has no slope'),
};

const OPERATIONS = { float32: toFloatOperation, int32: toIntOperation, bool: toBoolOperation };

/**
 * x as `dtype`; x itself where it is that already. float32 to int32 goes towards zero, anything but 0 is
 * true, true is 1.
 */
export function to(x: Tensor, dtype: DType): Tensor {
  checkTensor('to', x);
  if (!Object.hasOwn(OPERATIONS, dtype)) {
    throw new UserError(`to: expected float32, int32 or bool, got ${describeValue(dtype)}`);
  }
  return x.dtype === dtype ? x : apply(OPERATIONS[dtype], [x], null);
}

/** As float32. */
export const float = (x: Tensor): Tensor => to(x, 'float32');
/** As int32, towards zero. */
export const int = (x: Tensor): Tensor => to(x, 'int32');
/** PyTorch's int64, which is int32 here: ids fit. */
export const long = int;
/** Whether it is not 0, as a mask. */
export const bool = (x: Tensor): Tensor => to(x, 'bool');

/** A number as a tensor without dimensions beside x. */
export function scalarLike(x: Tensor, value: number, dtype: DType): Tensor {
  return x.empty([], dtype).fill_(value);
}

const RANK: Record<DType, number> = { bool: 0, int32: 1, float32: 2 };

/**
 * Two operands as tensors of one dtype, the wider of theirs (bool, int32, float32, in this order). A
 * number takes the tensor's, unless it is none that the tensor's can hold: then both are float32, as in
 * PyTorch.
 */
export function promoted(operation: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === 'number' || typeof b === 'number') {
    const [number, tensor] = typeof a === 'number' ? [a, b] : [b as number, a];
    checkTensor(operation, tensor, 'a tensor on at least one side');
    const narrow = tensor.dtype === 'bool' ? 'int32' : tensor.dtype;
    const dtype = Number.isInteger(number) && (number | 0) === number ? narrow : 'float32';
    const scalar = scalarLike(tensor, number, dtype);
    return typeof a === 'number' ? [scalar, to(tensor, dtype)] : [to(tensor, dtype), scalar];
  }
  checkTensor(operation, a);
  checkTensor(operation, b, 'a tensor or a number');
  checkBackends(operation, a, b);
  if (a.dtype === b.dtype) return [a, b];
  const { dtype } = RANK[a.dtype] > RANK[b.dtype] ? a : b;
  return [to(a, dtype), to(b, dtype)];
}

/** Whether both are float32 tensors already: the way that every model takes. */
export function areFloats(a: Operand, b: Operand): boolean {
  return (
    typeof a === 'object' &&
    a?.dtype === 'float32' &&
    typeof b === 'object' &&
    b?.dtype === 'float32'
  );
}

/** A mask, off the tape: x itself where it is one. */
export function maskOf(operation: string, x: Tensor): Tensor {
  checkTensor(operation, x, 'a mask');
  return x.dtype === 'float32' ? to(x.detach(), 'bool') : x;
}
