import { describe, expect, it } from 'vitest';
import { add, div, mul, scope, sub, type Tensor, tensor, zeros } from '../index.js';

const values = (x: Tensor) => Array.from(x.dataSync());

describe('arithmetic of whole numbers', () => {
  it('keeps int32 with int32, and whole numbers beside it', () => {
    scope(() => {
      const ids = tensor([5, -7], 'int32');
      for (const [y, wanted] of [
        [ids.add(1), [6, -6]],
        [sub(1, ids), [-4, 8]],
        [mul(ids, ids), [25, 49]],
        [ids.floorDivide(2), [2, -4]],
        [ids.remainder(3), [2, 2]],
        [ids.maximum(0), [5, 0]],
        [ids.add(tensor([[1], [2]], 'int32')), [6, -6, 7, -5]],
      ] as const) {
        expect(y.dtype).toBe('int32');
        expect(values(y)).toEqual(wanted);
      }
    });
  });

  it('is exact where float32 is not, and wraps', () => {
    scope(() => {
      const big = tensor([2 ** 24 + 1, 2 ** 31 - 1], 'int32');
      expect(values(big.add(1))).toEqual([2 ** 24 + 2, -(2 ** 31)]);
    });
  });

  it('becomes float32 with fractions, with float32, and divided', () => {
    scope(() => {
      const ids = tensor([5, -7], 'int32');
      for (const [y, wanted] of [
        [ids.mul(0.5), [2.5, -3.5]],
        [add(tensor([0.5, 0.5]), ids), [5.5, -6.5]],
        [ids.div(2), [2.5, -3.5]],
        [div(1, tensor([4], 'int32')), [0.25]],
        [ids.pow(2), [25, 49]],
      ] as const) {
        expect(y.dtype).toBe('float32');
        expect(values(y)).toEqual(wanted);
      }
    });
  });

  it('counts a mask as 0 and 1', () => {
    scope(() => {
      const x = tensor([1, -2, 3]);
      const mask = x.gt(0);
      expect(values(mask.add(mask))).toEqual([2, 0, 2]);
      expect(mask.sum().dtype).toBe('int32');
      expect(values(mask.mul(x))).toEqual([1, -0, 3]);
    });
  });

  it('refuses an int32 divided by 0', () => {
    scope(() => {
      const ids = tensor([5, -7], 'int32');
      expect(() => ids.floorDivide(0)).toThrow(
        'floorDivide: expected int32 divisors other than 0, got 0 at position 0',
      );
      expect(() => ids.remainder(tensor([1, 0], 'int32'))).toThrow('got 0 at position 1');
      expect(values(ids.div(0))).toEqual([Infinity, -Infinity]);
    });
  });

  it('gives no gradient to whole numbers, and all of it to the others', () => {
    scope(() => {
      const x = zeros(3).requireGrad();
      x.mul(tensor([1, 2, 3], 'int32'))
        .sum()
        .backward();
      expect(values(x.grad!)).toEqual([1, 2, 3]);
      expect(x.to('int32').requiresGrad).toBe(false);
      expect(x.gt(0).requiresGrad).toBe(false);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => add(1, 2)).toThrow('add: expected a tensor on at least one side, got 2');
      expect(() => zeros(2).clamp()).toThrow('clamp: expected min, max or both, got neither');
      expect(() => zeros(2).to('float64' as never)).toThrow(
        'to: expected float32, int32 or bool, got "float64"',
      );
    });
  });
});
