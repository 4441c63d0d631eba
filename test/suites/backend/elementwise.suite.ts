import { describe, it } from 'vitest';
import type { Backend, BinaryOp, IntegerOp, UnaryOp } from '../../../src/backend/backend.js';
import { unary } from '../../../src/backend/reference/elementwise.js';
import { check, Draw, kernel, LARGE, side, size, type Values } from './check.suite.js';
import { ANY, exact, TINY, type Tolerance, U, ulps } from './tolerance.suite.js';

/** What breaks formulas: the edges of the format, of exp, of tanh, and of each function's domain. */
const SPECIALS = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  ...[
    2 ** -149, // the least subnormal
    1e-40,
    2 ** -126, // the least normal
    1e-30,
    1e-10,
    2 ** -24,
    1e-3,
    0.5,
    1 - U,
    1,
    1 + 2 * U,
    2,
    9, // tanh rounds to 1 about here
    14.5, // the normal's tail ends about here
    17,
    87.3,
    88.72, // exp overflows at 88.7228
    88.73,
    103.9, // exp(−x) is the least subnormal at 103.97
    104,
    1e4,
    1e10,
    1e30,
    3.4028234663852886e38, // the greatest
  ].flatMap((x) => [x, -x]),
];

interface UnaryTolerance {
  /** In ulp. */
  forward: number | ((x: number) => number);
  /** Sum of the absolute values of f′(x)'s terms, where they cancel; otherwise |f′(x)|. */
  slopeTerms?: (x: number, y: number) => number;
  /** Roundings of the gradient, relative to that. */
  backward: number;
  /** What the function takes beside x. */
  parameter?: number;
}

const clamp = (x: number, limit: number) => Math.min(Math.abs(x) || 0, limit); // NaN: 0
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** 2u, u being the argument of tanh in the approximate GELU: its exp carries the argument's error. */
const geluArgument = (x: number) => 1.6 * (clamp(x, 14) + 0.0447 * clamp(x, 14) ** 3);

/** Elementary functions: within 3 ulp. What is made of several: what their errors add up to. */
const UNARY: Record<UnaryOp, UnaryTolerance> = {
  neg: { forward: 0, backward: 0 },
  abs: { forward: 0, backward: 0 },
  exp: { forward: 3, backward: 3 },
  log: { forward: 3, backward: 3 },
  sqrt: { forward: 0, backward: 4 },
  square: { forward: 0, backward: 3 },
  tanh: { forward: 3, backward: 4, slopeTerms: (_, y) => 1 + y * y },
  sigmoid: { forward: 3, backward: 4, slopeTerms: (_, y) => y + y * y },
  relu: { forward: 0, backward: 0 },
  leakyRelu: { forward: 2, backward: 3 },
  gelu: {
    forward: 4,
    backward: 12,
    slopeTerms: (x) => (1 + Math.abs(x)) * Math.exp((-x * x) / 2) + (x > 0 ? 1 : 0),
  },
  geluTanh: {
    forward: (x) => 4 + 2 * geluArgument(x),
    backward: 12,
    slopeTerms: (x) => sigmoid(Math.sign(x) * geluArgument(x)) * (1 + geluArgument(x)) ** 2,
  },
  // 1 − sigmoid(x) is 0 in float32 from 17 on.
  silu: {
    forward: 4,
    backward: 8,
    slopeTerms: (x) => sigmoid(x) * (1 + Math.min(Math.abs(x), x < 0 ? Infinity : 18)),
  },
  sin: { forward: 3, backward: 5 },
  cos: { forward: 3, backward: 5 },
  // x² is rounded before exp sees it.
  erf: { forward: 3, backward: 6, slopeTerms: (x) => (1.2 + 1.2 * x * x) * Math.exp(-x * x) },
  log1p: { forward: 3, backward: 3 },
  expm1: { forward: 3, backward: 4, slopeTerms: (_, y) => 1 + Math.abs(y) },
  softplus: { forward: 3, backward: 6, slopeTerms: sigmoid },
  rsqrt: { forward: 3, backward: 8 },
  reciprocal: { forward: 0, backward: 6 },
  pow: { forward: 2, backward: 6, parameter: 2.5, slopeTerms: (x) => 2.5 * Math.abs(x) ** 1.5 },
  sign: { forward: 0, backward: 0 },
  floor: { forward: 0, backward: 0 },
  ceil: { forward: 0, backward: 0 },
  round: { forward: 0, backward: 0 },
  clampMin: { forward: 0, backward: 0, parameter: -0.5 },
  clampMax: { forward: 0, backward: 0, parameter: 2 },
  reluSquared: { forward: 2, backward: 3 },
};

const LEAK = 0.01;
/** Where x^1.5 overflows, though a small dy would bring it back. */
const POW_LIMIT = 1e25;
/** Their gradient at ±∞ may be NaN or the limit. */
const UNDEFINED_AT_INFINITY: readonly UnaryOp[] = ['gelu', 'geluTanh', 'silu'];

const count = size;

function unarySuite(subject: Backend<unknown>, op: UnaryOp): void {
  const { forward, backward, slopeTerms, parameter = LEAK } = UNARY[op];

  const draw = (n: number, d: Draw) =>
    d.sprinkle(d.below(2) ? d.values(n, 3) : d.wide(n), 0.2, SPECIALS);

  const forwardWithin =
    (x: Float32Array): Tolerance =>
    (i, y) =>
      // Where a factor of x underflows, x times that is lost.
      typeof forward === 'number' && forward < 4
        ? ulps(forward)(i, y)
        : ulps(typeof forward === 'number' ? forward : forward(x[i]))(i, y) +
          clamp(x[i], 200) * TINY;

  kernel(subject, op, { count }, { count: LARGE }, ({ count }, d) => {
    const x = draw(count, d);
    return {
      buffers: { out: d.room(count), x },
      run: (b, p) => b.unary(op, p.out, p.x, count, parameter),
      within: { out: forwardWithin(x) },
      inPlace: { out: ['x'] },
    };
  });

  kernel(subject, `${op}, its gradient`, { count }, { count: LARGE }, ({ count }, d) => {
    // 2x must not overflow on the way.
    const x = draw(count, d).map((v) =>
      Math.abs(v) > 1e38 && v !== v / 2 ? Math.sign(v) * 1e38 : v,
    );
    const y = new Float32Array(count);
    unary(op, y, x, count, parameter);
    const dy = d.sprinkle(d.values(count), 0.1, [NaN, Infinity, -Infinity, 0, -0, 1e-10, 1e10]);
    const within: Tolerance = (i, dx) => {
      if (op === 'pow' && Math.abs(x[i]) > POW_LIMIT) return ANY;
      if (UNDEFINED_AT_INFINITY.includes(op) && Math.abs(x[i]) === Infinity) return ANY;
      // A slope that underflows makes NaN of an infinite dy, as it should of a slope of 0.
      const vanishes = slopeTerms !== undefined && slopeTerms(x[i], y[i]) < 2 ** -120;
      if (vanishes && Math.abs(dy[i]) === Infinity) return ANY;
      const terms = slopeTerms ? Math.abs(dy[i]) * slopeTerms(x[i], y[i]) : Math.abs(dx);
      const underflow = (1 + Math.abs(dy[i])) * (2 + clamp(x[i], 200)) * TINY;
      return backward * (U * terms + underflow);
    };
    return {
      buffers: { dx: d.room(count), dy, x, y },
      run: (b, p) => b.unaryBackward(op, p.dx, p.dy, p.x, p.y, count, parameter),
      within: { dx: within },
      inPlace: { dx: ['dy'] },
    };
  });

  it(`${op}: every special value, and its neighbours`, () => {
    const x = Float32Array.from(SPECIALS.flatMap((v) => [v, v * (1 + 4 * U), v * (1 - 4 * U)]));
    check(subject, {
      buffers: { out: new Draw(1, 0).room(x.length), x },
      run: (b, p) => b.unary(op, p.out, p.x, x.length, parameter),
      within: { out: forwardWithin(x) },
    });
  });

  it(`${op}: a fine grid from −20 to 20`, () => {
    const x = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 1000);
    check(subject, {
      buffers: { out: new Draw(1, 0).room(x.length), x },
      run: (b, p) => b.unary(op, p.out, p.x, x.length, parameter),
      within: { out: forwardWithin(x) },
    });
  });
}

const BINARY: Record<BinaryOp, Tolerance> = {
  ...{ add: exact, sub: exact, mul: exact, div: exact },
  ...{ power: ulps(2), maximum: exact, minimum: exact },
  ...{ eq: exact, ne: exact, lt: exact, le: exact, gt: exact, ge: exact },
};
/** These write int32. */
const isComparison = (op: BinaryOp) => /^(eq|ne|[lg][te])$/.test(op);

const INTEGER: readonly IntegerOp[] = [
  ...(['add', 'sub', 'mul', 'floorDivide', 'remainder', 'maximum', 'minimum'] as const),
  ...(['and', 'or', 'xor', 'eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const),
];

/** A shape, and the strides that read a contiguous tensor whose sizes are 1 where `stretch` is. */
function strided(shape: readonly number[], stretch: readonly boolean[], order: readonly number[]) {
  const strides = new Array<number>(shape.length).fill(0);
  let length = 1;
  for (const dim of [...order].reverse()) {
    if (stretch[dim]) continue;
    strides[dim] = length;
    length *= shape[dim];
  }
  return { strides, length };
}

function shuffled(n: number, d: Draw): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = d.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Up to 8 dimensions of drawn sizes, each of them stretched in a, in b, or in neither. */
function drawBroadcast(last: number, ndim: number, d: Draw) {
  const rank = ndim % 9;
  const shape = Array.from({ length: rank }, (_, i) =>
    i === rank - 1
      ? last
      : d.pick(last > 100 ? [217] : [1, 2, 3, 5, 0, 2].slice(0, rank > 4 ? 2 : 6)),
  );
  const layout = () =>
    strided(
      shape,
      shape.map(() => d.below(3) === 0),
      d.below(3) ? shape.map((_, i) => i) : shuffled(rank, d),
    );
  const total = shape.reduce((product, n) => product * n, 1);
  return { shape, total, a: layout(), b: layout() };
}

const shapes = { last: side, ndim: side };
const SHAPES = [
  { last: 333, ndim: 2 },
  { last: 1, ndim: 8 },
];

function binarySuite(subject: Backend<unknown>, op: BinaryOp): void {
  // With equal values among them, for the comparisons.
  const draw = (n: number, d: Draw) =>
    d.below(2)
      ? d.sprinkle(d.wide(n), 0.1, SPECIALS)
      : d.among(n, [-2, -1, 0, -0, 0.5, 1, 3, NaN, Infinity, -Infinity]);
  const room = (n: number, d: Draw): Values => (isComparison(op) ? d.intRoom(n) : d.room(n));

  kernel(subject, op, { count }, { count: LARGE }, ({ count }, d) => ({
    buffers: { out: room(count, d), a: draw(count, d), b: draw(count, d) },
    run: (b, p) => b.binary(op, p.out, p.a, p.b, count),
    within: { out: BINARY[op] },
    inPlace: isComparison(op) ? {} : { out: ['a', 'b'] },
  }));

  kernel(subject, `${op}, broadcast`, shapes, SHAPES, ({ last, ndim }, d) => {
    const { shape, total, a, b } = drawBroadcast(last, ndim, d);
    return {
      buffers: { out: room(total, d), a: draw(a.length, d), b: draw(b.length, d) },
      run: (backend, p) => backend.binaryStrided(op, p.out, p.a, p.b, shape, a.strides, b.strides),
      within: { out: BINARY[op] },
    };
  });
}

/** Small ones, and such as overflow. */
const drawInts = (n: number, d: Draw) =>
  new Int32Array(n).map(() =>
    d.below(3) ? d.below(9) - 4 : d.pick([2 ** 31 - 1, -(2 ** 31), 123_456_789, -65_537]),
  );

function integerSuite(subject: Backend<unknown>): void {
  for (const op of INTEGER) {
    kernel(subject, `${op} of int32`, shapes, SHAPES, ({ last, ndim }, d) => {
      const { shape, total, a, b } = drawBroadcast(last, ndim, d);
      const divides = op === 'floorDivide' || op === 'remainder';
      const divisor = drawInts(b.length, d).map((v) => (divides && v === 0 ? 7 : v));
      return {
        buffers: { out: d.intRoom(total), a: drawInts(a.length, d), b: divisor },
        run: (backend, p) =>
          backend.integerStrided(op, p.out, p.a, p.b, shape, a.strides, b.strides),
        within: { out: exact },
      };
    });
  }

  kernel(subject, 'copyWhere', shapes, SHAPES, ({ last, ndim }, d) => {
    const { shape, total, a, b } = drawBroadcast(last, ndim, d);
    const [out, x] = d.below(2)
      ? [drawInts(total, d), drawInts(b.length, d)]
      : [d.values(total), d.sprinkle(d.values(b.length), 0.1, SPECIALS)];
    return {
      buffers: { out, mask: d.ints(a.length, 2), x },
      run: (backend, p) => backend.copyWhere(p.out, p.mask, p.x, shape, a.strides, b.strides),
      within: { out: exact },
    };
  });

  kernel(subject, 'floatToInt', { count }, { count: LARGE }, ({ count }, d) => ({
    buffers: { out: d.intRoom(count), x: d.sprinkle(d.wide(count), 0.2, SPECIALS) },
    run: (b, p) => b.floatToInt(p.out, p.x, count),
    within: { out: exact },
  }));

  kernel(subject, 'intToFloat', { count }, { count: LARGE }, ({ count }, d) => ({
    buffers: { out: d.room(count), x: drawInts(count, d) },
    run: (b, p) => b.intToFloat(p.out, p.x, count),
    within: { out: exact },
  }));
}

function factorSuite(subject: Backend<unknown>): void {
  const draw = (n: number, d: Draw) => d.sprinkle(d.wide(n), 0.1, SPECIALS);

  kernel(subject, 'affine', { count }, { count: LARGE }, ({ count }, d) => {
    const x = draw(count, d);
    const [scale, shift] = [d.pick([0, 1, -1, 0.1, 3, 1e-8]), d.pick([0, 1, -0.3, 1e6])];
    return {
      buffers: { out: d.room(count), x },
      run: (b, p) => b.affine(p.out, p.x, count, scale, shift),
      // The two factors, the product and the sum are rounded.
      within: {
        out: (i) => 2 * (U * (2 * Math.abs(scale * x[i]) + 2 * Math.abs(shift)) + TINY),
      },
      inPlace: { out: ['x'] },
    };
  });

  kernel(subject, 'addScaled', { count }, { count: LARGE }, ({ count }, d) => {
    const [out, x] = [draw(count, d), draw(count, d)];
    const scale = d.pick([0, 1, -1, 0.1, 3, 1e-8]);
    return {
      buffers: { out, x },
      run: (b, p) => b.addScaled(p.out, p.x, count, scale),
      within: {
        out: (i) => 2 * (U * (2 * Math.abs(scale * x[i]) + Math.abs(out[i])) + TINY),
      },
    };
  });

  kernel(subject, 'scaleBy', { count }, { count: LARGE }, ({ count }, d) => ({
    buffers: { out: d.room(count), x: draw(count, d), scale: d.wide(1) },
    run: (b, p) => b.scaleBy(p.out, p.x, p.scale, count),
    within: { out: exact },
    inPlace: { out: ['x'] },
  }));
}

export function elementwiseSuite(subject: Backend<unknown>): void {
  describe('element-wise functions', () => {
    for (const op of Object.keys(UNARY) as UnaryOp[]) unarySuite(subject, op);
  });
  describe('element-wise functions of two operands', () => {
    for (const op of Object.keys(BINARY) as BinaryOp[]) binarySuite(subject, op);
    integerSuite(subject);
    factorSuite(subject);
  });
}
