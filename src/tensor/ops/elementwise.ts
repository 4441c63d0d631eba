/** Functions of one tensor, element by element. */
import type { UnaryOp } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { UserError } from '../../util/errors.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { to } from './cast.js';
import { checkFloat, checkNumber, checkRange } from './check.js';

/** Those whose slope is told by y: only then is y kept, and x may change. */
const FROM_RESULT: ReadonlySet<UnaryOp> = new Set([
  ...(['exp', 'sqrt', 'tanh', 'sigmoid', 'expm1', 'rsqrt', 'reciprocal'] as const),
]);
/** Those whose slope is the same everywhere: nothing is kept. */
const CONSTANT: ReadonlySet<UnaryOp> = new Set(['neg', 'sign', 'floor', 'ceil', 'round']);

/** y = f(x); dx = dy · f′(x). */
function unaryOperation(op: UnaryOp): Operation<readonly [Tensor], number> {
  const fromResult = FROM_RESULT.has(op);
  return {
    name: op,
    reads: () => !fromResult && !CONSTANT.has(op),
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
  sin: unaryOperation('sin'),
  cos: unaryOperation('cos'),
  erf: unaryOperation('erf'),
  log1p: unaryOperation('log1p'),
  expm1: unaryOperation('expm1'),
  softplus: unaryOperation('softplus'),
  rsqrt: unaryOperation('rsqrt'),
  reciprocal: unaryOperation('reciprocal'),
  pow: unaryOperation('pow'),
  sign: unaryOperation('sign'),
  floor: unaryOperation('floor'),
  ceil: unaryOperation('ceil'),
  round: unaryOperation('round'),
  clampMin: unaryOperation('clampMin'),
  clampMax: unaryOperation('clampMax'),
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

export const sin = (x: Tensor): Tensor => apply(unary.sin, [x], 0);
export const cos = (x: Tensor): Tensor => apply(unary.cos, [x], 0);
/** 2/√π ∫₀ˣ exp(−t²) dt. */
export const erf = (x: Tensor): Tensor => apply(unary.erf, [x], 0);
/** ln(1 + x), exact where x is small. */
export const log1p = (x: Tensor): Tensor => apply(unary.log1p, [x], 0);
/** eˣ − 1, exact where x is small. */
export const expm1 = (x: Tensor): Tensor => apply(unary.expm1, [x], 0);
/** 1 / √x. */
export const rsqrt = (x: Tensor): Tensor => apply(unary.rsqrt, [x], 0);
/** 1 / x. */
export const reciprocal = (x: Tensor): Tensor => apply(unary.reciprocal, [x], 0);
/** −1, 0 or 1, with gradient 0. */
export const sign = (x: Tensor): Tensor => apply(unary.sign, [x], 0);
/** The next whole number below, with gradient 0; so are `ceil` and `round`. */
export const floor = (x: Tensor): Tensor => apply(unary.floor, [x], 0);
export const ceil = (x: Tensor): Tensor => apply(unary.ceil, [x], 0);
/** The nearest whole number, of two the even one. */
export const round = (x: Tensor): Tensor => apply(unary.round, [x], 0);

/** ln(1 + exp(beta·x)) / beta: a smooth relu. beta is 1 unless told. Dugas et al. 2001. */
export function softplus(x: Tensor, beta = 1): Tensor {
  return beta === 1
    ? apply(unary.softplus, [x], 0)
    : affine(apply(unary.softplus, [affine(x, beta, 0)], 0), 1 / beta, 0);
}

/** Exponents that have a shorter way, as in PyTorch. */
const POWERS = new Map<number, (x: Tensor) => Tensor>([
  [2, square],
  [0.5, sqrt],
  [-0.5, rsqrt],
  [-1, reciprocal],
]);

/** x^exponent, for a number known beforehand. */
export function powerOf(x: Tensor, exponent: number): Tensor {
  checkNumber('pow', exponent, 'float32');
  const floats = to(x, 'float32');
  return POWERS.get(exponent)?.(floats) ?? apply(unary.pow, [floats], exponent);
}

/**
 * x held within [min, max], either of which may be left out (null or undefined). The gradient passes
 * where x lies within, the bounds included. NaN stays. Bounds that are tensors: `maximum`, `minimum`.
 */
export function clamp(x: Tensor, min?: number | null, max?: number | null): Tensor {
  if (min == null && max == null) {
    throw new UserError('clamp: expected min, max or both, got neither');
  }
  let y = x;
  if (min != null) y = apply(unary.clampMin, [y], bound(min));
  if (max != null) y = apply(unary.clampMax, [y], bound(max));
  return y;
}

function bound(value: number): number {
  checkNumber('clamp', value, 'float32');
  return value;
}

/** scale·x. Off the tape. */
export function scaled(x: Tensor, scale: number): Tensor {
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
