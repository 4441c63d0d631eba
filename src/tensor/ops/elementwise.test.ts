import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aShape,
  at,
  build,
  checkOperation,
  exact,
  property,
  twoShapes,
} from '../../../test/suites/gradcheck.suite.js';
import { erf } from '../../backend/reference/special.js';
import { broadcastShapes } from '../../util/shape.js';
import {
  add,
  affine,
  div,
  gelu,
  leakyRelu,
  mul,
  ones,
  pow,
  reluSquared,
  scope,
  sub,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from '../index.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const geluTanh = (x: number) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const [LOW, HIGH] = [0.75 * Math.SQRT2, 1.25 * Math.SQRT2];

const UNARY: [string, (x: Tensor) => Tensor, (x: number) => number][] = [
  ['neg', (x) => x.neg(), (x) => -x],
  ['abs', (x) => x.abs(), Math.abs],
  ['exp', (x) => x.exp(), Math.exp],
  ['square', (x) => x.square(), (x) => x * x],
  ['tanh', (x) => x.tanh(), Math.tanh],
  ['sigmoid', (x) => x.sigmoid(), sigmoid],
  ['relu', (x) => x.relu(), (x) => Math.max(0, x)],
  ['leakyRelu', (x) => x.leakyRelu(), (x) => (x > 0 ? x : 0.01 * x)],
  ['leakyRelu of 0.2', (x) => leakyRelu(x, 0.2), (x) => (x > 0 ? x : 0.2 * x)],
  ['gelu', (x) => gelu(x), (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))],
  ['gelu by tanh', (x) => x.gelu('tanh'), geluTanh],
  ['silu', (x) => x.silu(), (x) => x * sigmoid(x)],
  ['reluSquared', reluSquared, (x) => Math.max(x, 0) ** 2],
  ['add a number', (x) => x.add(3), (x) => x + 3],
  ['sub a number', (x) => x.sub(3), (x) => x - 3],
  ['mul a number', (x) => x.mul(-0.25), (x) => x * -0.25],
  ['div a number', (x) => x.div(7), (x) => x * (1 / 7)],
  ['affine', (x) => affine(x, 2, -1), (x) => 2 * x - 1],
  ['sin', (x) => x.sin(), Math.sin],
  ['cos', (x) => x.cos(), Math.cos],
  ['erf', (x) => x.erf(), erf],
  ['expm1', (x) => x.expm1(), Math.expm1],
  ['softplus', (x) => x.softplus(), (x) => Math.log1p(Math.exp(x))],
  ['softplus of 2', (x) => x.softplus(2), (x) => Math.log1p(Math.exp(2 * x)) / 2],
  ['pow of 3', (x) => x.pow(3), (x) => x ** 3],
  ['pow with a number on the left', (x) => pow(1.5, x), (x) => 1.5 ** x],
  // Bounds that no drawn value, a fraction of 3, comes near.
  ['clamp', (x) => x.clamp(-LOW, HIGH), (x) => Math.min(Math.max(x, -LOW), HIGH)],
  ['a number plus', (x) => add(3, x), (x) => 3 + x],
  ['a number less', (x) => sub(3, x), (x) => 3 - x],
  ['a number times', (x) => mul(3, x), (x) => 3 * x],
];

describe('functions of one tensor', () => {
  it.each(UNARY)('%s', (_name, run, f) => {
    property(fc.tuple(aShape(), fc.nat()), ([shape, seed]) =>
      checkOperation({ inputs: [shape], run, expected: (x) => x.map(f), seed, draw: 'apart' }),
    );
  });

  it.each<[string, (x: Tensor) => Tensor, (x: number) => number]>([
    ['log', (x) => x.log(), Math.log],
    ['sqrt', (x) => x.sqrt(), Math.sqrt],
    ['a number divided', (x) => div(3, x), (x) => 3 / x],
    ['pow of -1', (x) => x.pow(-1), (x) => 1 / x],
    ['reciprocal', (x) => x.reciprocal(), (x) => 1 / x],
    ['rsqrt', (x) => x.rsqrt(), (x) => 1 / Math.sqrt(x)],
    ['log1p', (x) => x.log1p(), Math.log1p],
    ['pow of 2.5', (x) => x.pow(2.5), (x) => x ** 2.5],
    ['pow of 0.5', (x) => x.pow(0.5), Math.sqrt],
    ['sign', (x) => x.sign(), Math.sign],
    ['floor', (x) => x.mul(0.1).floor(), () => 0],
    ['ceil', (x) => x.mul(0.1).ceil(), () => 1],
    ['round', (x) => x.mul(0.1).round(), () => 0],
  ])('%s', (_name, run, f) => {
    property(fc.tuple(aShape(), fc.nat()), ([shape, seed]) =>
      checkOperation({ inputs: [shape], run, expected: (x) => x.map(f), seed, draw: 'positive' }),
    );
  });

  it('has PyTorch’s gradients at the kinks', () => {
    withBackend(exact, () =>
      scope(() => {
        const gradientAt0 = (run: (x: Tensor) => Tensor) => {
          const x = zeros([1]).requireGrad();
          run(x).backward();
          return x.grad!.itemSync();
        };
        expect(gradientAt0((x) => x.abs())).toBe(0);
        expect(gradientAt0((x) => x.relu())).toBe(0);
        expect(gradientAt0((x) => x.leakyRelu(0.2))).toBe(0.2);
        expect(gradientAt0((x) => x.sqrt())).toBe(Infinity);
      }),
    );
  });
});

const BINARY: [string, (a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => number][] = [
  ['add', (a, b) => a.add(b), (a, b) => a + b],
  ['sub', (a, b) => a.sub(b), (a, b) => a - b],
  ['mul', (a, b) => a.mul(b), (a, b) => a * b],
  ['div', (a, b) => a.div(b), (a, b) => a / b],
  ['pow', (a, b) => a.pow(b), (a, b) => a ** b],
  ['maximum', (a, b) => a.maximum(b), Math.max],
  ['minimum', (a, b) => a.minimum(b), Math.min],
  ['remainder', (a, b) => a.mul(10).remainder(b.add(40)), (a, b) => (10 * a) % (b + 40)],
];

describe('arithmetic of two tensors, broadcasting both ways', () => {
  it.each(BINARY)('%s', (name, run, f) => {
    property(fc.tuple(twoShapes, fc.nat()), ([[a, b], seed]) => {
      const shape = broadcastShapes(name, a, b);
      checkOperation({
        inputs: [a, b],
        run,
        expected: (x, y) => build(shape, (i) => f(at(x, a, i), at(y, b, i))),
        seed,
        draw: 'positive',
      });
    });
  });

  it('uses one tensor on both sides', () => {
    checkOperation({
      inputs: [[3, 2]],
      run: (x) => x.add(x),
      expected: (x) => x.map((v) => 2 * v),
    });
    checkOperation({
      inputs: [[3, 2]],
      run: (x) => x.mul(x),
      expected: (x) => x.map((v) => v * v),
    });
    checkOperation({ inputs: [[3, 2]], run: (x) => x.sub(x), expected: (x) => x.map(() => 0) });
    checkOperation({ inputs: [[3, 2]], run: (x) => x.div(x), draw: 'positive' });
  });
});

describe('errors', () => {
  it('name the operation, what was expected and what came', () => {
    scope(() => {
      const [a, b] = [zeros([2, 3]), zeros([4, 3])];
      expect(() => a.mul(b)).toThrow(
        'mul: expected shapes that broadcast (equal sizes, or 1, counted from the end), got (2, 3) and (4, 3)',
      );
      const ids = tensor(Int32Array.of(1, 2));
      expect(() => ids.exp()).toThrow('exp: expected a float32 tensor, got int32 of shape (2)');
      expect(() => a.add(null as never)).toThrow('add: expected a tensor or a number, got null');
      const long = ones([2, 1, 2, 1, 2, 1, 2, 1, 2]);
      const other = ones([1, 2, 1, 2, 1, 2, 1, 2, 1]);
      expect(() => long.sub(other)).toThrow(
        'sub: expected at most 8 dimensions that cannot be merged, got 9: (2, 2, 2, 2, 2, 2, 2, 2, 2)',
      );
    });
  });

  it('refuse tensors of two backends', () => {
    scope(() => {
      const a = zeros([2]);
      const b = withBackend(exact, () => zeros([2]));
      expect(() => a.add(b)).toThrow(/^add: expected tensors of one backend, got \w+, reference$/);
    });
  });
});

describe('an element', () => {
  // A compiler that fuses multiply-adds in whole vectors and not at the end of an array would make them differ.
  it.each(UNARY)('of %s has the same bits wherever it lies, and its gradient', (_, f) => {
    const count = 512;
    const x = Float32Array.from({ length: count }, (_, i) => 0.1 + ((i * 0.618) % 1));
    const dy = Float32Array.from({ length: count }, (_, i) => ((i * 0.383) % 1) - 0.5);
    const both = (begin: number, end: number) =>
      scope(() => {
        const own = tensor(x.slice(begin, end)).requireGrad();
        const y = f(own);
        if (y.requiresGrad) y.backward(tensor(dy.slice(begin, end)));
        return { y: y.dataSync(), dx: own.grad?.dataSync() ?? new Float32Array(end - begin) };
      });
    const whole = both(0, count);
    for (let begin = 0, length = 1; begin < count; begin += length, length = (length % 13) + 1) {
      const end = Math.min(count, begin + length);
      const piece = both(begin, end);
      expect(piece.y).toEqual(whole.y.slice(begin, end));
      expect(piece.dx).toEqual(whole.dx.slice(begin, end));
    }
  });
});
