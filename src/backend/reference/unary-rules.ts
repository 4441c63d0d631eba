/** The element-wise functions of one number: each `forward` beside its `derivative`. */
import type { UnaryOp } from '../operations.js';
import { erf, normalCdf, normalDensity } from './special.js';

export interface UnaryRule {
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
export const power = (a: number, b: number) =>
  a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;

function roundToEven(x: number): number {
  const rounded = Math.round(x); // ties upwards
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const flat = () => 0;

export const UNARY: Record<UnaryOp, UnaryRule> = {
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
  reluSquared: {
    forward: (x) => Math.max(x, 0) ** 2,
    derivative: (x) => (x > 0 ? 2 * x : 0),
  },
};
