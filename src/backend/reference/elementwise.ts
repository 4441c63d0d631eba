/**
 * Element-wise functions and their gradients: each `forward` beside its `derivative`.
 */
import type { BinaryOp, IntegerOp, UnaryOp } from '../operations.js';
import type { HostArray } from './memory.js';
import { erf, normalCdf, normalDensity } from './special.js';
import { positionOf } from './strides.js';

interface UnaryRule {
  forward(x: number, parameter: number): number;
  /** f′(x), from x and y = f(x): whichever is the shorter way. */
  derivative(x: number, y: number, parameter: number): number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

// The argument of tanh in the approximate GELU, and its derivative (Hendrycks & Gimpel 2016, §2).
const GELU_C = Math.sqrt(2 / Math.PI);
const geluInner = (x: number) => GELU_C * (x + 0.044715 * x ** 3);
const geluInnerSlope = (x: number) => GELU_C * (1 + 3 * 0.044715 * x ** 2);

/** JavaScript's power but for what C makes of a base of 1, and of −1 with an infinite exponent: 1. */
const power = (a: number, b: number) =>
  a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;

function roundToEven(x: number): number {
  const rounded = Math.round(x); // ties upwards
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const flat = () => 0;

const UNARY: Record<UnaryOp, UnaryRule> = {
  neg: { forward: (x) => -x, derivative: () => -1 },
  abs: { forward: Math.abs, derivative: Math.sign },
  exp: { forward: Math.exp, derivative: (_, y) => y },
  log: { forward: Math.log, derivative: (x) => 1 / x },
  sqrt: { forward: Math.sqrt, derivative: (_, y) => 1 / (2 * y) },
  square: { forward: (x) => x * x, derivative: (x) => 2 * x },
  tanh: { forward: Math.tanh, derivative: (_, y) => 1 - y * y },
  sigmoid: { forward: sigmoid, derivative: (_, y) => y * (1 - y) },
  relu: {
    forward: (x) => Math.max(x, 0), // NaN stays NaN
    derivative: (x) => (x > 0 ? 1 : 0),
  },
  leakyRelu: {
    forward: (x, slope) => (x > 0 ? x : slope * x),
    derivative: (x, _, slope) => (x > 0 ? 1 : slope),
  },
  gelu: {
    forward: (x) => x * normalCdf(x),
    derivative: (x) => normalCdf(x) + x * normalDensity(x),
  },
  // ½(1 + tanh u) is sigmoid(2u), which keeps its digits where tanh nears −1.
  geluTanh: {
    forward: (x) => x * sigmoid(2 * geluInner(x)),
    derivative: (x) => {
      const s = sigmoid(2 * geluInner(x));
      return s + x * s * (1 - s) * 2 * geluInnerSlope(x);
    },
  },
  silu: {
    forward: (x) => x * sigmoid(x),
    derivative: (x) => {
      const s = sigmoid(x);
      return s + x * s * (1 - s);
    },
  },
  sin: { forward: Math.sin, derivative: Math.cos },
  cos: { forward: Math.cos, derivative: (x) => -Math.sin(x) },
  erf: { forward: erf, derivative: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) },
  log1p: { forward: Math.log1p, derivative: (x) => 1 / (1 + x) },
  expm1: { forward: Math.expm1, derivative: (_, y) => y + 1 },
  softplus: {
    forward: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    derivative: sigmoid,
  },
  rsqrt: { forward: (x) => 1 / Math.sqrt(x), derivative: (_, y) => -0.5 * y ** 3 },
  reciprocal: { forward: (x) => 1 / x, derivative: (_, y) => -y * y },
  pow: {
    forward: power,
    derivative: (x, _, exponent) => (exponent === 0 ? 0 : exponent * power(x, exponent - 1)),
  },
  sign: { forward: (x) => Number(x > 0) - Number(x < 0), derivative: flat },
  floor: { forward: Math.floor, derivative: flat },
  ceil: { forward: Math.ceil, derivative: flat },
  round: { forward: roundToEven, derivative: flat },
  clampMin: {
    forward: (x, bound) => (x < bound ? bound : x),
    derivative: (x, _, bound) => (x >= bound ? 1 : 0),
  },
  clampMax: {
    forward: (x, bound) => (x > bound ? bound : x),
    derivative: (x, _, bound) => (x <= bound ? 1 : 0),
  },
};

/** Functions that pass on nothing where they are flat, not even an infinity (0 · ∞ would be NaN). */
const SWITCHES: ReadonlySet<UnaryOp> = new Set([
  ...(['relu', 'clampMin', 'clampMax', 'sign', 'floor', 'ceil', 'round'] as const),
]);

/** `out = f(x)`. */
export function unary(
  op: UnaryOp,
  out: HostArray,
  x: HostArray,
  count: number,
  parameter: number,
): void {
  const { forward } = UNARY[op];
  for (let i = 0; i < count; i++) out[i] = forward(x[i], parameter);
}

/** `dx = dy · f′(x)`. */
export function unaryBackward(
  op: UnaryOp,
  dx: HostArray,
  dy: HostArray,
  x: HostArray,
  y: HostArray,
  count: number,
  parameter: number,
): void {
  const { derivative } = UNARY[op];
  for (let i = 0; i < count; i++) {
    const slope = derivative(x[i], y[i], parameter);
    dx[i] = slope === 0 && SWITCHES.has(op) ? 0 : dy[i] * slope;
  }
}

const BINARY: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  power,
  maximum: (a, b) => Math.max(a, b), // NaN stays NaN
  minimum: (a, b) => Math.min(a, b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
};

/** Stored in int32, results wrap. */
const INTEGER: Record<IntegerOp, (a: number, b: number) => number> = {
  ...BINARY,
  mul: Math.imul,
  floorDivide: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  remainder: (a, b) => (b === 0 ? a : a - b * Math.floor(a / b)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

/** `out = a ∘ b`, same shapes. */
export function binary(
  op: BinaryOp,
  out: HostArray,
  a: HostArray,
  b: HostArray,
  count: number,
): void {
  const apply = BINARY[op];
  for (let i = 0; i < count; i++) out[i] = apply(a[i], b[i]);
}

/** `out = a ∘ b`, broadcast: a stride of 0 reads the same element along its whole dimension. */
export function binaryStrided(
  op: BinaryOp,
  out: HostArray,
  a: HostArray,
  b: HostArray,
  shape: readonly number[],
  stridesA: readonly number[],
  stridesB: readonly number[],
): void {
  broadcast(BINARY[op], out, a, b, shape, stridesA, stridesB);
}

function broadcast(
  apply: (a: number, b: number, before: number) => number,
  out: HostArray,
  a: HostArray,
  b: HostArray,
  shape: readonly number[],
  stridesA: readonly number[],
  stridesB: readonly number[],
): void {
  const count = shape.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    const [x, y] = [a[positionOf(i, shape, stridesA)], b[positionOf(i, shape, stridesB)]];
    out[i] = apply(x, y, out[i]);
  }
}

/** `out = a ∘ b` of int32, broadcast. */
export function integerStrided(
  op: IntegerOp,
  out: HostArray,
  a: HostArray,
  b: HostArray,
  shape: readonly number[],
  stridesA: readonly number[],
  stridesB: readonly number[],
): void {
  broadcast(INTEGER[op], out, a, b, shape, stridesA, stridesB);
}

/** `out = mask ? x : out`, broadcast. */
export function copyWhere(
  out: HostArray,
  mask: HostArray,
  x: HostArray,
  shape: readonly number[],
  stridesMask: readonly number[],
  stridesX: readonly number[],
): void {
  const choose = (chosen: number, value: number, before: number) => (chosen ? value : before);
  broadcast(choose, out, mask, x, shape, stridesMask, stridesX);
}

/** Towards zero; what does not fit becomes the nearest that does, and NaN 0. */
export function floatToInt(out: HostArray, x: HostArray, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = Number.isNaN(x[i]) ? 0 : Math.trunc(x[i]);
    out[i] = Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1);
  }
}

export function intToFloat(out: HostArray, x: HostArray, count: number): void {
  for (let i = 0; i < count; i++) out[i] = x[i];
}

/** `out = scale · x + shift`. */
export function affine(
  out: HostArray,
  x: HostArray,
  count: number,
  scale: number,
  shift: number,
): void {
  for (let i = 0; i < count; i++) out[i] = scale * x[i] + shift;
}

/** `out += scale · x`. */
export function addScaled(out: HostArray, x: HostArray, count: number, scale: number): void {
  for (let i = 0; i < count; i++) out[i] += scale * x[i];
}

/** `out = x · scale[0]`. */
export function scaleBy(out: HostArray, x: HostArray, scale: HostArray, count: number): void {
  const factor = scale[0];
  for (let i = 0; i < count; i++) out[i] = x[i] * factor;
}
