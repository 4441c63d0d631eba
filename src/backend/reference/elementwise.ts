/** Element-wise functions and their gradients, over arrays. */
import type { BinaryOp, IntegerOp, UnaryOp } from '../operations.js';
import type { HostArray, Kernel } from './memory.js';
import { positionOf } from './strides.js';
import { power, UNARY } from './unary-rules.js';

/** Functions that pass on nothing where they are flat, not even an infinity (0 · ∞ would be NaN). */
const SWITCHES: ReadonlySet<UnaryOp> = new Set([
  ...(['relu', 'reluSquared', 'clampMin', 'clampMax', 'sign', 'floor', 'ceil', 'round'] as const),
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

/** `out = a ∘ b`, broadcast: a stride of 0 reads the same element along its whole dimension. */
export const binaryStrided: Kernel<'binaryStrided'> = (op, ...operands) =>
  broadcast(BINARY[op], ...operands);

/** `out = a ∘ b` of int32, broadcast. */
export const integerStrided: Kernel<'integerStrided'> = (op, ...operands) =>
  broadcast(INTEGER[op], ...operands);

/** `out = mask ? x : out`, broadcast. */
export const copyWhere: Kernel<'copyWhere'> = (...operands) =>
  broadcast((chosen, value, before) => (chosen ? value : before), ...operands);

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
