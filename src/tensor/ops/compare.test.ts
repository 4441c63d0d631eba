import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  at,
  build,
  checkOperation,
  exact,
  property,
  twoShapes,
} from '../../../test/suites/gradcheck.suite.js';
import { broadcastShapes } from '../../util/shape.js';
import {
  allclose,
  equal,
  scope,
  type Tensor,
  tensor,
  where,
  withBackend,
  zeros,
} from '../index.js';

const values = (x: Tensor) => Array.from(x.dataSync());

describe('masks', () => {
  it('are bool, and read as 1 and 0', () => {
    scope(() => {
      const mask = tensor([1, 5, Number.NaN]).gt(2);
      expect(mask.dtype).toBe('bool');
      expect(values(mask)).toEqual([0, 1, 0]);
      expect(values(tensor([true, false]).logicalNot())).toEqual([0, 1]);
      expect(values(zeros([2], 'bool'))).toEqual([0, 0]);
      expect(() => tensor([2, 1], 'bool')).toThrow('tensor: expected 0 or 1 for bool, got 2');
      expect(() => tensor([true, 1 as never])).toThrow('expected numbers or booleans, got both');
      expect(mask.clone().dtype).toBe('bool');
      expect(mask.reshape(3, 1).permute(1, 0).dtype).toBe('bool');
    });
  });

  it('any and all of nothing', () => {
    scope(() => {
      const x = zeros(2, 0);
      expect([x.any().itemSync(), x.all().itemSync()]).toEqual([0, 1]);
      expect(values(x.all(1))).toEqual([1, 1]);
    });
  });

  it('equal and allclose say yes or no', () => {
    scope(() => {
      const x = tensor([1, Infinity]);
      expect(equal(x, tensor([1, Infinity]))).toBe(true);
      expect(equal(x, tensor([[1, Infinity]]))).toBe(false);
      expect(allclose(x, tensor([1 + 1e-6, Infinity]))).toBe(true);
      expect(allclose(x, tensor([1 + 1e-4, Infinity]))).toBe(false);
      expect(allclose(x, tensor([1, -Infinity]))).toBe(false);
      expect(allclose(x, tensor([1, 1]))).toBe(false);
      const nan = tensor([Number.NaN]);
      expect([allclose(nan, nan), allclose(nan, nan, { equalNan: true })]).toEqual([false, true]);
    });
  });
});

it('comparisons and logic refuse tensors of two backends', () => {
  scope(() => {
    const a = tensor([1]);
    const b = withBackend(exact, () => tensor([1]));
    const names = /expected tensors of one backend, got .*reference/;
    expect(() => a.eq(b)).toThrow(names);
    expect(() => a.gt(0).logicalAnd(b.gt(0))).toThrow(names);
    expect(() => a.int().add(b.int())).toThrow(names);
    expect(() => a.where(b.gt(0), 0)).toThrow(names);
  });
});

describe('where', () => {
  it('takes each side’s gradient where it was chosen, broadcasting all three', () => {
    property(fc.tuple(twoShapes, twoShapes, fc.nat()), ([[a, b], [c], seed]) => {
      const pair = broadcastShapes('where', a, b);
      const lead = c.slice(0, Math.max(0, c.length - pair.length));
      const mask = [...lead, ...pair.map((size, i) => (i % 2 === seed % 2 ? size : 1))];
      const shape = broadcastShapes('where', mask, pair);
      const chosen = build(mask, (i) => i.reduce((sum, v) => sum + v, seed) % 2);
      checkOperation({
        inputs: [{ shape: mask, values: chosen, int: true }, a, b],
        run: (m, x, y) => where(m, x, y),
        expected: (m, x, y) => build(shape, (i) => (at(m, mask, i) ? at(x, a, i) : at(y, b, i))),
        seed,
      });
    });
  });

  it('lets no infinity through from the side that was not chosen', () => {
    scope(() => {
      const x = tensor([0, 4]).requireGrad();
      x.gt(0).where(x.gt(0), 0);
      where(x.gt(0), x.sqrt(), 0).sum().backward();
      // As in PyTorch, √0 itself still makes 0 · ∞.
      expect(values(x.grad!)[1]).toBe(0.25);
      const y = tensor([1, 2]).requireGrad();
      y.maskedFill(tensor([true, false]), -Infinity)
        .softmax()
        .sum()
        .backward();
      expect(values(y.grad!)[0]).toBe(0);
    });
  });

  it('maskedFill keeps the shape', () => {
    scope(() => {
      const x = zeros(2, 3);
      expect(values(x.maskedFill(tensor([true, false, true]), 7))).toEqual([7, 0, 7, 7, 0, 7]);
      expect(() => x.maskedFill(zeros([4, 2, 3], 'bool'), 1)).toThrow(
        'maskedFill: expected a mask that stretches to (2, 3), got (4, 2, 3)',
      );
      expect(values(tensor([1, 2], 'int32').maskedFill(tensor([1, 0], 'int32'), -1))).toEqual([
        -1, 2,
      ]);
    });
  });
});
