import { describe, expect, it } from 'vitest';
import { firstNonFinite, histogram, scope, tensor, zeros } from '../index.js';

describe('looking and counting', () => {
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
      expect(() => histogram(zeros([2]), 0, 0, 1)).toThrow(
        'histogram: expected bins to be a whole number of at least 1, got 0',
      );
      expect(() => histogram(zeros([2]), 3, 1, 1)).toThrow('low < high, finite, got [1, 1]');
      expect(() => firstNonFinite(ids)).toThrow('firstNonFinite: expected a float32 tensor');
    });
  });
});
