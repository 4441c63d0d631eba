import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aShape, checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { argmax, max, scope, sort, type Tensor, tensor, topk, zeros } from '../index.js';

const X = [
  [3, 1, 3, 2],
  [-1, -4, 0, 0],
];
const values = (x: Tensor) => Array.from(x.dataSync());

describe('order', () => {
  it('topk takes the greatest or the least, equals by lower index', () => {
    scope(() => {
      const x = tensor(X);
      const most = topk(x, 3);
      expect(values(most.values)).toEqual([3, 3, 2, 0, 0, -1]);
      expect(values(most.indices)).toEqual([0, 2, 3, 2, 3, 0]);
      expect(most.values.shape).toEqual([2, 3]);
      const least = x.topk(2, -1, { largest: false });
      expect(values(least.values)).toEqual([1, 2, -4, -1]);
      expect(values(least.indices)).toEqual([1, 3, 1, 0]);
      expect(values(x.topk(1, 0).indices)).toEqual([0, 0, 0, 0]);
      expect(topk(x, 0).values.shape).toEqual([2, 0]);
    });
  });

  it('sort is stable both ways, and puts NaN where the greatest is', () => {
    scope(() => {
      const x = tensor([2, Number.NaN, 1, 2, -Infinity, 1]);
      expect(values(sort(x).indices)).toEqual([4, 2, 5, 0, 3, 1]);
      expect(values(sort(x, 0, true).indices)).toEqual([1, 0, 3, 2, 5, 4]);
      expect(values(tensor(X).sort(0).values)).toEqual([-1, -4, 0, 0, 3, 1, 3, 2]);
      expect(values(x.argsort())).toEqual([4, 2, 5, 0, 3, 1]);
      expect(sort(tensor(5)).values.shape).toEqual([]);
    });
  });

  it('argmax and argmin are of the flat tensor by default, and find a NaN', () => {
    scope(() => {
      const x = tensor(X);
      expect(argmax(x).itemSync()).toBe(0);
      expect(x.argmin().itemSync()).toBe(5);
      expect(values(x.argmax(1))).toEqual([0, 2]);
      expect(values(x.argmin(0))).toEqual([1, 1, 1, 1]);
      expect(x.argmax(1, true).shape).toEqual([2, 1]);
      expect(x.argmax(null, true).shape).toEqual([1, 1]);
      const spoiled = tensor([1, Number.NaN, 0]);
      expect([spoiled.argmax().itemSync(), spoiled.argmin().itemSync()]).toEqual([1, 1]);
      expect(spoiled.max().itemSync()).toBeNaN();
      expect(spoiled.min(0).values.itemSync()).toBeNaN();
    });
  });

  it('max and min are of all, along a dimension with positions, or of two tensors', () => {
    scope(() => {
      const x = tensor(X);
      expect([x.max().itemSync(), x.min().itemSync()]).toEqual([3, -4]);
      const { values: most, indices } = x.max(1);
      expect([values(most), values(indices)]).toEqual([
        [3, 0],
        [0, 2],
      ]);
      expect(x.min(1, true).values.shape).toEqual([2, 1]);
      expect(values(max(x, zeros([4])))).toEqual([3, 1, 3, 2, 0, 0, 0, 0]);
      const ids = tensor([4, 9, -2], 'int32');
      expect([ids.max().itemSync(), ids.min().dtype, ids.amin().itemSync()]).toEqual([
        9,
        'int32',
        -2,
      ]);
    });
  });

  it('gives values the gradient of the elements that they are', () => {
    property(fc.tuple(aShape({ min: 1, empty: false }), fc.nat()), ([shape, seed]) => {
      const draw = { inputs: [shape], seed, draw: 'apart' as const };
      const dim = seed % shape.length;
      const k = 1 + (seed % shape[dim]);
      checkOperation({ ...draw, run: (x) => x.topk(k, dim).values });
      checkOperation({ ...draw, run: (x) => x.topk(k, dim, { largest: false }).values });
      checkOperation({ ...draw, run: (x) => x.sort(dim, seed % 2 === 0).values });
      checkOperation({ ...draw, run: (x) => x.max(dim).values });
      checkOperation({ ...draw, run: (x) => x.min(dim, true).values });
      checkOperation({ ...draw, run: (x) => x.max() });
      checkOperation({ ...draw, run: (x) => x.amin(dim) });
    });
  });

  it('shares the gradient of max() among equals, and gives that of max(dim) to the first', () => {
    scope(() => {
      const x = tensor([2, 5, 5]).requireGrad();
      x.max().backward();
      expect(values(x.grad!)).toEqual([0, 0.5, 0.5]);
      x.zeroGrad();
      x.max(0).values.backward();
      expect(values(x.grad!)).toEqual([0, 1, 0]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros(2, 3);
      const ids = zeros([2], 'int32');
      expect(() => topk(x, 4)).toThrow('topk: expected k from 0 to 3, got 4 for (2, 3)');
      expect(() => x.topk(1, 2)).toThrow('topk: expected a dimension from -2 to 1, got 2');
      expect(() => argmax(zeros(2, 0))).toThrow(
        'argmax: expected at least one element to choose from, got shape (2, 0)',
      );
      expect(() => zeros(2, 0).max(1)).toThrow('max: expected at least one element');
      expect(() => topk(ids, 1)).toThrow('topk: expected a float32 tensor, got int32 of shape (2)');
      expect(() => argmax(ids)).toThrow('argmax: expected a float32 tensor');
    });
  });
});
