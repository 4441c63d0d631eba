import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aSizeOrZero,
  at,
  build,
  checkOperation,
  property,
} from '../../../test/suites/gradcheck.suite.js';
import type { Shape } from '../../util/shape.js';
import { linear, matmul, scope, tensor, zeros } from '../index.js';

const sizes = fc.record({
  m: aSizeOrZero,
  k: aSizeOrZero,
  n: aSizeOrZero,
  lead: fc.array(fc.constantFrom(0, 1, 1, 2, 3), { maxLength: 2 }),
  kind: fc.constantFrom('both', 'left', 'right'),
  seed: fc.nat(),
});

function product(a: readonly number[], shapeA: Shape, b: readonly number[], shapeB: Shape) {
  const lead = shapeA.length > 2 ? shapeA.slice(0, -2) : shapeB.slice(0, -2);
  const [m, k] = shapeA.slice(-2);
  const n = shapeB[shapeB.length - 1];
  return build([...lead, m, n], (index) => {
    const [i, j] = index.slice(-2);
    const item = index.slice(0, -2);
    let sum = 0;
    for (let l = 0; l < k; l++)
      sum += at(a, shapeA, [...item, i, l]) * at(b, shapeB, [...item, l, j]);
    return sum;
  });
}

describe('matmul', () => {
  it('of matrices and batches, either side without a batch, zero sizes', () => {
    property(sizes, ({ m, k, n, lead, kind, seed }) => {
      const shapeA = kind === 'right' ? [m, k] : [...lead, m, k];
      const shapeB = kind === 'left' ? [k, n] : [...lead, k, n];
      checkOperation({
        inputs: [shapeA, shapeB],
        run: matmul,
        expected: (a, b) => product(a, shapeA, b, shapeB),
        seed,
      });
    });
  });

  it.each<[Shape, Shape]>([
    [
      [3, 4],
      [5, 4, 2],
    ],
    [
      [5, 3, 4],
      [4, 2],
    ],
    [
      [1, 3, 4],
      [1, 4, 2],
    ],
    [
      [0, 3, 4],
      [0, 4, 2],
    ],
    [
      [3, 4],
      [0, 4, 2],
    ],
    [
      [2, 0, 4],
      [2, 4, 3],
    ],
    [
      [2, 3, 0],
      [2, 0, 3],
    ],
    [
      [67, 130],
      [130, 35],
    ],
  ])('%j × %j', (shapeA, shapeB) => {
    checkOperation({
      inputs: [shapeA, shapeB],
      run: matmul,
      expected: (a, b) => product(a, shapeA, b, shapeB),
    });
  });

  it('multiplies a matrix with itself', () => {
    checkOperation({ inputs: [[4, 4]], run: (x) => matmul(x, x) });
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => matmul(zeros([2, 3]), zeros([4, 5]))).toThrow(
        'matmul: expected inner dimensions to match, got (2, 3) × (4, 5)',
      );
      expect(() => matmul(zeros([]), zeros([3, 5]))).toThrow(
        'matmul: expected a vector or matrices on each side, got () × (3, 5)',
      );
      expect(() => matmul(zeros([2, 4, 3]), zeros([5, 3, 4]))).toThrow(
        'matmul: expected shapes that broadcast (equal sizes, or 1, counted from the end), got (2) and (5)',
      );
      expect(() => matmul(zeros([2, 3]), tensor(new Int32Array(6), { shape: [3, 2] }))).toThrow(
        'matmul: expected a float32 tensor, got int32 of shape (3, 2)',
      );
    });
  });
});

describe('linear', () => {
  const drawn = fc.record({
    lead: fc.array(aSizeOrZero, { maxLength: 2 }),
    inSize: aSizeOrZero,
    outSize: aSizeOrZero,
    bias: fc.boolean(),
    seed: fc.nat(),
  });

  it('is x · Wᵀ + b', () => {
    property(drawn, ({ lead, inSize, outSize, bias, seed }) => {
      const shapes = [[...lead, inSize], [outSize, inSize], [outSize]];
      checkOperation({
        inputs: bias ? shapes : shapes.slice(0, 2),
        run: linear,
        expected: (x, weight, b) =>
          build([...lead, outSize], (index) => {
            const item = index.slice(0, -1);
            const o = index[index.length - 1];
            let sum = b ? b[o] : 0;
            for (let i = 0; i < inSize; i++) {
              sum += at(x, shapes[0], [...item, i]) * at(weight, shapes[1], [o, i]);
            }
            return sum;
          }),
        seed,
      });
    });
  });

  it('takes a weight that was itself computed', () => {
    checkOperation({
      inputs: [
        [3, 4],
        [5, 4],
      ],
      run: (x, w) => linear(x, w.mul(w)),
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => linear(zeros([2, 3]), zeros([5, 4]))).toThrow(
        'linear: expected x (…, in) and weight (out, in), got (2, 3) and (5, 4)',
      );
      expect(() => linear(zeros([]), zeros([5, 4]))).toThrow(
        'linear: expected x (…, in) and weight (out, in), got () and (5, 4)',
      );
      expect(() => linear(zeros([2, 4]), zeros([5, 4]), zeros([4]))).toThrow(
        'linear: expected bias (5), got (4)',
      );
      expect(() => linear(tensor(Int32Array.of(1)), zeros([5, 1]))).toThrow(
        'linear: expected a float32 tensor, got int32 of shape (1)',
      );
    });
  });
});
