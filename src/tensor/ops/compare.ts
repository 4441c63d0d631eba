/**
 * Comparisons and logic. Results are masks: tensors of bool, whose elements read as 1 and 0. Anything
 * that takes a mask takes int32 as well, of which every number but 0 is true.
 */
import type { BinaryOp, IntegerOp } from '../../backend/backend.js';
import { ShapeError } from '../../util/errors.js';
import { broadcastShapes, formatShape, type Shape, sameShape } from '../../util/shape.js';
import { copyOf } from '../copy.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { Dims, Operand } from './arguments.js';
import { bool, maskOf, promoted, scalarLike, to } from './cast.js';
import { checkOptions, checkRange, checkTensor } from './check.js';
import { abs } from './elementwise.js';
import { sum } from './reduce.js';
import { chooseInto, combine, combineIntegers, reduceTo, stretch } from './strided.js';

function compare(op: BinaryOp & IntegerOp, a: Operand, b: Operand): Tensor {
  const [x, y] = promoted(op, a, b);
  return x.dtype === 'float32' ? combine(op, x, y) : combineIntegers(op, x, y, 'bool');
}

/** a = b, element by element; NaN equals nothing. */
export const eq = (a: Operand, b: Operand): Tensor => compare('eq', a, b);
/** a ≠ b. */
export const ne = (a: Operand, b: Operand): Tensor => compare('ne', a, b);
/** a < b. */
export const lt = (a: Operand, b: Operand): Tensor => compare('lt', a, b);
/** a ≤ b. */
export const le = (a: Operand, b: Operand): Tensor => compare('le', a, b);
/** a > b. */
export const gt = (a: Operand, b: Operand): Tensor => compare('gt', a, b);
/** a ≥ b. */
export const ge = (a: Operand, b: Operand): Tensor => compare('ge', a, b);

const logical = (op: 'and' | 'or' | 'xor', a: Tensor, b: Tensor) =>
  combineIntegers(op, bool(a), bool(b), 'bool');

/** Whether both are not 0. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => logical('and', a, b);
/** Whether one at least is not 0. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => logical('or', a, b);
/** Whether one is not 0 and the other is. */
export const logicalXor = (a: Tensor, b: Tensor): Tensor => logical('xor', a, b);
/** Whether it is 0. */
export const logicalNot = (x: Tensor): Tensor => eq(x, 0);

/** Whether it is no number. */
export const isnan = (x: Tensor): Tensor => ne(x, x);
/** Neither NaN nor infinite. */
export const isfinite = (x: Tensor): Tensor => lt(magnitude(x), Infinity);
/** Whether it is ∞ or −∞. */
export const isinf = (x: Tensor): Tensor => eq(magnitude(x), Infinity);

const magnitude = (x: Tensor) => abs(to(x, 'float32').detach());

/** Whether any element along `dim` (one, several, or all) is not 0; of none, no. */
export function any(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return gt(sum(bool(x), dim, keepdim), 0);
}

/** Whether no element along `dim` (one, several, or all) is 0; of none, yes. */
export function all(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  return eq(sum(logicalNot(x), dim, keepdim), 0);
}

/** Whether two tensors have the same shape and the same numbers. At once (CPU backends). */
export function equal(a: Tensor, b: Tensor): boolean {
  checkTensor('equal', a);
  checkTensor('equal', b);
  return sameShape(a.shape, b.shape) && all(eq(a, b)).itemSync() === 1;
}

/**
 * Whether a and b lie within `atol + rtol·|b|` of each other everywhere, infinities being equal to
 * themselves. Default: 1e-8 and 1e-5, as in PyTorch. Synchronous (CPU backends).
 */
export function allclose(
  a: Tensor,
  b: Tensor,
  options: { rtol?: number; atol?: number; equalNan?: boolean } = {},
): boolean {
  const {
    rtol = 1e-5,
    atol = 1e-8,
    equalNan = false,
  } = checkOptions('allclose', options, ['rtol', 'atol', 'equalNan']);
  checkRange('allclose', 'rtol', rtol, 0);
  checkRange('allclose', 'atol', atol, 0);
  const [x, y] = promoted('allclose', a, b).map((t) => to(t.detach(), 'float32'));
  const near = le(abs(combine('sub', x, y)), allowance(y, rtol, atol));
  // ∞ is within ∞ of everything: what is infinite has to be equal.
  let close = logicalOr(eq(x, y), logicalAnd(near, isfinite(y)));
  if (equalNan) close = logicalOr(close, logicalAnd(isnan(x), isnan(y)));
  return all(close).itemSync() === 1;
}

function allowance(y: Tensor, rtol: number, atol: number): Tensor {
  const out = abs(y);
  out.backend.affine(out.pointer, out.pointer, out.numel, rtol, atol);
  return out;
}

/** y = mask ? a : b; each side's gradient where it was chosen. */
const whereOperation: Operation<readonly [Tensor, Tensor, Tensor], Shape> = {
  name: 'where',
  reads: (_context, i) => i === 0,
  forward(_context, [mask, a, b], shape) {
    const stretched = stretch('where', b, shape);
    return chooseInto('where', stretched === b ? copyOf(b) : stretched, mask, a);
  },
  backward(context, dy) {
    const [mask, a, b] = context.inputs;
    const zero = scalarLike(dy, 0, 'float32');
    let da: Tensor | null = null;
    let db: Tensor | null = null;
    if (context.needs(1)) {
      da = chooseInto('where', dy.empty(dy.shape).fill_(0), mask, dy);
      da = reduceTo(da, a.shape);
    }
    if (context.needs(2)) db = reduceTo(chooseInto('where', copyOf(dy), mask, zero), b.shape);
    return [null, da, db];
  },
};

/** a where the mask holds, else b. All three stretch to a common shape; a and b may be numbers. */
export function where(mask: Tensor, a: Operand, b: Operand): Tensor {
  const condition = maskOf('where', mask);
  const [x, y] =
    typeof a === 'number' && typeof b === 'number'
      ? [a, b].map((value) => scalarLike(condition, value, 'float32'))
      : promoted('where', a, b);
  const pair = broadcastShapes('where', x.shape, y.shape);
  const shape = broadcastShapes('where', condition.shape, pair);
  return apply(whereOperation, [condition, x, y], shape);
}

/** x with `value` wherever the mask holds, which stretches to its shape. */
export function maskedFill(x: Tensor, mask: Tensor, value: Operand): Tensor {
  checkTensor('maskedFill', x);
  const condition = maskOf('maskedFill', mask);
  if (!sameShape(broadcastShapes('maskedFill', condition.shape, x.shape), x.shape)) {
    throw new ShapeError(
      'maskedFill',
      `expected a mask that stretches to ${formatShape(x.shape)}, got ${formatShape(mask.shape)}`,
    );
  }
  return where(condition, value, x);
}
