/** Functions of one tensor, element by element. */
import type { UnaryOp } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { UserError } from '../../util/errors.js';
import { apply } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { affineAs } from './affine.js';
import { checkNumber, checkRange } from './check.js';
import { unaryOperation } from './unary.js';

/** One that takes nothing beside x. */
function plain(op: UnaryOp): (x: Tensor) => Tensor {
  const operation = unaryOperation(op);
  return (x) => apply(operation, [x], 0);
}

const clampMaxOperation = unaryOperation('clampMax');
const clampMinOperation = unaryOperation('clampMin');
const geluOperation = unaryOperation('gelu');
const geluTanhOperation = unaryOperation('geluTanh');
const leakyReluOperation = unaryOperation('leakyRelu');
const softplusOperation = unaryOperation('softplus');

/** −x. */
export const neg = plain('neg');
/** |x|, with gradient 0 at 0. */
export const abs = plain('abs');
/** eˣ. */
export const exp = plain('exp');
/** Natural logarithm. */
export const log = plain('log');
/** √x, with gradient ∞ at 0. */
export const sqrt = plain('sqrt');
/** x². */
export const square = plain('square');
/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). */
export const tanh = plain('tanh');
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = plain('sigmoid');
/** max(0, x), with gradient 0 at 0. */
export const relu = plain('relu');
/** x where x > 0, else `negativeSlope`·x (default: 0.01, as in PyTorch). Maas et al. 2013. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor =>
  apply(leakyReluOperation, [x], slopeOf(negativeSlope));
function slopeOf(negativeSlope: number): number {
  checkRange('leakyRelu', 'negativeSlope', negativeSlope);
  return negativeSlope;
}

/** x·Φ(x), exactly or by the tanh approximation that GPT-2 used. Hendrycks & Gimpel 2016. */
export const gelu = (x: Tensor, approximate: 'none' | 'tanh' = 'none'): Tensor =>
  apply(geluOf(approximate), [x], 0);
function geluOf(approximate: 'none' | 'tanh') {
  if (approximate === 'tanh') return geluTanhOperation;
  if (approximate === 'none') return geluOperation;
  throw new UserError(
    `gelu: expected approximate to be "none" or "tanh", got ${describeValue(approximate)}`,
  );
}

/** x·sigmoid(x), also called swish. Elfwing et al. 2017. */
export const silu = plain('silu');
/** max(0, x)². So et al. 2021, "Primer". */
export const reluSquared = plain('reluSquared');

/** Of an angle in radians. */
export const sin = plain('sin');
/** Of an angle in radians. */
export const cos = plain('cos');
/** 2/√π ∫₀ˣ exp(−t²) dt. */
export const erf = plain('erf');
/** ln(1 + x), exact where x is small. */
export const log1p = plain('log1p');
/** eˣ − 1, exact where x is small. */
export const expm1 = plain('expm1');
/** 1 / √x. */
export const rsqrt = plain('rsqrt');
/** 1 / x. */
export const reciprocal = plain('reciprocal');
/** −1, 0 or 1, with gradient 0. */
export const sign = plain('sign');
/** The next whole number below, with gradient 0. */
export const floor = plain('floor');
/** The next whole number above, with gradient 0. */
export const ceil = plain('ceil');
/** The nearest whole number, of two the even one, with gradient 0. */
export const round = plain('round');

/** ln(1 + exp(beta·x)) / beta: a smooth relu. Default: beta 1. Dugas et al. 2001. */
export function softplus(x: Tensor, beta = 1): Tensor {
  return beta === 1
    ? apply(softplusOperation, [x], 0)
    : affineAs('softplus', apply(softplusOperation, [affine(x, beta, 0)], 0), 1 / beta, 0);
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
  if (min != null) y = apply(clampMinOperation, [y], bound(min));
  if (max != null) y = apply(clampMaxOperation, [y], bound(max));
  return y;
}

function bound(value: number): number {
  checkNumber('clamp', value, 'float32');
  return value;
}

/** scale·x + shift in one pass. */
export function affine(x: Tensor, scale: number, shift: number): Tensor {
  return affineAs('affine', x, scale, shift);
}
