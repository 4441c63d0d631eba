/** Element-wise operations: functions of one tensor, and arithmetic of two with broadcasting. */
import type { BinaryOp, UnaryOp } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { UserError } from '../../util/errors.js';
import type { InputGradient } from '../gradient.js';
import { apply, type Context, type Operation, readsNone, readsOther } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkNumber, checkRange, checkTensor } from './check.js';
import { combine, reduceTo } from './strided.js';

// ── Functions of one tensor ─────────────────────────────────────────────────────────────────────

/** Those whose slope is told by y: only then is y kept, and x may change. */
const FROM_RESULT: ReadonlySet<UnaryOp> = new Set(['exp', 'sqrt', 'tanh', 'sigmoid']);

/** y = f(x); dx = dy · f′(x). */
function unaryOperation(op: UnaryOp): Operation<readonly [Tensor], number> {
  const fromResult = FROM_RESULT.has(op);
  return {
    name: op,
    reads: () => !fromResult && op !== 'neg',
    forward(context, [x], parameter) {
      checkFloat(op, x);
      const y = x.empty(x.shape);
      x.backend.unary(op, y.pointer, x.pointer, x.numel, parameter);
      if (fromResult) context.save(y);
      return y;
    },
    backward({ inputs: [x], tensors: [saved] }, dy, parameter) {
      const y = saved ?? x; // any pointer does where it is not read
      const dx = x.empty(x.shape);
      x.backend.unaryBackward(op, dx.pointer, dy.pointer, x.pointer, y.pointer, x.numel, parameter);
      return [dx];
    },
  };
}

const unary = {
  neg: unaryOperation('neg'),
  abs: unaryOperation('abs'),
  exp: unaryOperation('exp'),
  log: unaryOperation('log'),
  sqrt: unaryOperation('sqrt'),
  square: unaryOperation('square'),
  tanh: unaryOperation('tanh'),
  sigmoid: unaryOperation('sigmoid'),
  relu: unaryOperation('relu'),
  leakyRelu: unaryOperation('leakyRelu'),
  gelu: unaryOperation('gelu'),
  geluTanh: unaryOperation('geluTanh'),
  silu: unaryOperation('silu'),
};

export const neg = (x: Tensor): Tensor => apply(unary.neg, [x], 0);
/** |x|, with gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => apply(unary.abs, [x], 0);
export const exp = (x: Tensor): Tensor => apply(unary.exp, [x], 0);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => apply(unary.log, [x], 0);
export const sqrt = (x: Tensor): Tensor => apply(unary.sqrt, [x], 0);
export const square = (x: Tensor): Tensor => apply(unary.square, [x], 0);
export const tanh = (x: Tensor): Tensor => apply(unary.tanh, [x], 0);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: Tensor): Tensor => apply(unary.sigmoid, [x], 0);
/** max(0, x), with gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => apply(unary.relu, [x], 0);
/** x where x > 0, else `negativeSlope`·x (0.01 unless told, as in PyTorch). Maas et al. 2013. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor =>
  apply(unary.leakyRelu, [x], slopeOf(negativeSlope));
function slopeOf(negativeSlope: number): number {
  checkRange('leakyRelu', 'negativeSlope', negativeSlope);
  return negativeSlope;
}

/** x·Φ(x), exactly or by the tanh approximation that GPT-2 used. Hendrycks & Gimpel 2016. */
export const gelu = (x: Tensor, approximate: 'none' | 'tanh' = 'none'): Tensor =>
  apply(geluOf(approximate), [x], 0);
function geluOf(approximate: 'none' | 'tanh') {
  if (approximate === 'tanh') return unary.geluTanh;
  if (approximate === 'none') return unary.gelu;
  throw new UserError(
    `gelu: expected approximate to be "none" or "tanh", got ${describeValue(approximate)}`,
  );
}

/** x·sigmoid(x), also called swish. Elfwing et al. 2017. */
export const silu = (x: Tensor): Tensor => apply(unary.silu, [x], 0);

/** scale·x. Off the tape. */
function scaled(x: Tensor, scale: number): Tensor {
  const out = x.empty(x.shape);
  x.backend.affine(out.pointer, x.pointer, x.numel, scale, 0);
  return out;
}

/** out = scale·x + shift, for numbers known beforehand. */
const affineOperation: Operation<readonly [Tensor], { scale: number; shift: number }> = {
  name: 'affine',
  reads: readsNone,
  forward(_context, [x], { scale, shift }) {
    checkFloat('affine', x);
    const y = x.empty(x.shape);
    x.backend.affine(y.pointer, x.pointer, x.numel, scale, shift);
    return y;
  },
  backward(_context, dy, { scale }) {
    return [scale === 1 ? dy : scaled(dy, scale)];
  },
};

/** scale·x + shift in one pass. */
export function affine(x: Tensor, scale: number, shift: number): Tensor {
  checkNumber('affine', scale, 'float32');
  checkNumber('affine', shift, 'float32');
  return apply(affineOperation, [x], { scale, shift });
}

// ── Arithmetic of two, with broadcasting ────────────────────────────────────────────────────────

type Backward = (
  context: Context,
  a: Tensor,
  b: Tensor,
  dy: Tensor,
  y: Tensor,
) => readonly [Tensor | null, Tensor | null];

/** The gradient of each side comes in the output's shape; what was stretched is summed again. */
function binaryOperation(
  op: BinaryOp,
  reads: (context: Context, i: number) => boolean,
  backward: Backward,
): Operation<readonly [Tensor, Tensor], null> {
  return {
    name: op,
    reads,
    forward(context, [a, b]) {
      const y = combine(op, a, b);
      if (op === 'div') context.save(y);
      return y;
    },
    backward(context, dy): readonly InputGradient[] {
      const [a, b] = context.inputs;
      const [da, db] = backward(context, a, b, dy, context.tensors[0]);
      return [da && reduceTo(da, a.shape), db && reduceTo(db, b.shape)];
    },
  };
}

const addOperation = binaryOperation('add', readsNone, (_context, _a, _b, dy) => [dy, dy]);

const subOperation = binaryOperation('sub', readsNone, (context, _a, _b, dy) => [
  dy,
  context.needs(1) ? scaled(dy, -1) : null,
]);

const mulOperation = binaryOperation('mul', readsOther, (context, a, b, dy) => [
  context.needs(0) ? combine('mul', dy, b) : null,
  context.needs(1) ? combine('mul', dy, a) : null,
]);

// y = a / b: da = dy / b, db = −dy · y / b
const divOperation = binaryOperation(
  'div',
  (_context, i) => i === 1,
  (context, _a, b, dy, y) => [
    context.needs(0) ? combine('div', dy, b) : null,
    context.needs(1) ? combine('div', combine('mul', dy, y), b).scale_(-1) : null,
  ],
);

export function add(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? affine(a, 1, b) : apply(addOperation, [a, b], null);
}

export function sub(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? affine(a, 1, -b) : apply(subOperation, [a, b], null);
}

export function mul(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === 'number' ? affine(a, b, 0) : apply(mulOperation, [a, b], null);
}

export function div(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b !== 'number') return apply(divOperation, [a, b], null);
  checkTensor('div', a);
  // Multiplying by a rounded reciprocal would make 41 / 41 something else than 1.
  return isPowerOfTwo(b)
    ? affine(a, 1 / b, 0)
    : apply(divOperation, [a, a.empty([]).fill_(b)], null);
}

/** Whether 1 / b is exact, in float32 too. */
function isPowerOfTwo(b: number): boolean {
  const exponent = Math.log2(Math.abs(b));
  return Number.isInteger(exponent) && Math.abs(exponent) <= 126;
}
