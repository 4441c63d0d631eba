/** Functions of one tensor, element by element. */
import { describeValue } from '../../util/describe.js';
import { UserError } from '../../util/errors.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkNumber, checkRange } from './check.js';
import { scaled } from './strided.js';
import { unary } from './unary.js';

/** −x. */
export const neg = (x: Tensor): Tensor => apply(unary.neg, [x], 0);
/** |x|, with gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => apply(unary.abs, [x], 0);
/** eˣ. */
export const exp = (x: Tensor): Tensor => apply(unary.exp, [x], 0);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => apply(unary.log, [x], 0);
/** √x, with gradient ∞ at 0. */
export const sqrt = (x: Tensor): Tensor => apply(unary.sqrt, [x], 0);
/** x². */
export const square = (x: Tensor): Tensor => apply(unary.square, [x], 0);
/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). */
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

/** Of an angle in radians. */
export const sin = (x: Tensor): Tensor => apply(unary.sin, [x], 0);
/** Of an angle in radians. */
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
/** The next whole number below, with gradient 0. */
export const floor = (x: Tensor): Tensor => apply(unary.floor, [x], 0);
/** The next whole number above, with gradient 0. */
export const ceil = (x: Tensor): Tensor => apply(unary.ceil, [x], 0);
/** The nearest whole number, of two the even one, with gradient 0. */
export const round = (x: Tensor): Tensor => apply(unary.round, [x], 0);

/** ln(1 + exp(beta·x)) / beta: a smooth relu. beta is 1 unless told. Dugas et al. 2001. */
export function softplus(x: Tensor, beta = 1): Tensor {
  return beta === 1
    ? apply(unary.softplus, [x], 0)
    : affine(apply(unary.softplus, [affine(x, beta, 0)], 0), 1 / beta, 0);
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
