import { describe, expect, it } from 'vitest';
import { argmax, firstNonFinite, histogram, scope, tensor, topk, zeros } from '../index.js';

describe('choosing and counting', () => {
  it('topk and argmax take the greatest, equals by lower index', () => {
    scope(() => {
      const x = tensor([
        [3, 1, 3, 2],
        [-1, -4, 0, 0],
      ]);
      const { values, indices } = topk(x, 3);
      expect([...values.dataSync()]).toEqual([3, 3, 2, 0, 0, -1]);
      expect([...indices.dataSync()]).toEqual([0, 2, 3, 2, 3, 0]);
      expect(values.shape).toEqual([2, 3]);
      expect([...argmax(x).dataSync()]).toEqual([0, 2]);
      expect(argmax(tensor([1, 5, 2])).itemSync()).toBe(1);
      expect(topk(x, 0).values.shape).toEqual([2, 0]);
    });
  });

  it('histogram counts the last edge in, and neither NaN nor what lies outside', () => {
    scope(() => {
      const x = tensor([0, 0.4, 0.5, 1, 1.01, -0.01, Number.NaN]);
      expect([...histogram(x, 2, 0, 1).dataSync()]).toEqual([2, 2]);
    });
  });

  it('firstNonFinite finds it', () => {
    scope(() => {
      expect(firstNonFinite(tensor([1, 2, Infinity, Number.NaN]))).toBe(2);
      expect(firstNonFinite(tensor([1, 2, Number.NaN]))).toBe(2);
      expect(firstNonFinite(zeros([100]))).toBe(-1);
    });
  });

  it('name what does not fit', () => {
    scope(() => {
      const ids = zeros([2], 'int32');
      expect(() => topk(zeros([2, 3]), 4)).toThrow(
        'topk: expected k from 0 to 3, got 4 for (2, 3)',
      );
      expect(() => argmax(zeros([2, 0]))).toThrow(
        'argmax: expected k from 0 to 0, got 1 for (2, 0)',
      );
      expect(() => histogram(zeros([2]), 0, 0, 1)).toThrow(
        'histogram: expected bins to be a whole number of at least 1, got 0',
      );
      expect(() => histogram(zeros([2]), 3, 1, 1)).toThrow('low < high, finite, got [1, 1]');
      expect(() => topk(ids, 1)).toThrow('topk: expected a float32 tensor, got int32 of shape (2)');
      expect(() => argmax(ids)).toThrow('argmax: expected a float32 tensor');
      expect(() => firstNonFinite(ids)).toThrow('firstNonFinite: expected a float32 tensor');
    });
  });
});
