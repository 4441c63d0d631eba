/**
 * Element-wise functions and their gradients: each `forward` beside its `derivative`.
 */
import type { BinaryOp, UnaryOp } from '../backend.js';
import type { HostArray } from './memory.js';
import { normalCdf, normalDensity } from './special.js';
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
};

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
    // A unit that is off passes nothing on, not even an infinity (0 · ∞ would be NaN).
    dx[i] = op === 'relu' && slope === 0 ? 0 : dy[i] * slope;
  }
}

const BINARY: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
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
  const apply = BINARY[op];
  const count = shape.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    out[i] = apply(a[positionOf(i, shape, stridesA)], b[positionOf(i, shape, stridesB)]);
  }
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
