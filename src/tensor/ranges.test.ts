import { describe, expect, it } from 'vitest';
import {
  arange,
  eye,
  fullLike,
  linspace,
  onesLike,
  RandomSource,
  randint,
  randLike,
  randn,
  randnLike,
  scope,
  type Tensor,
  tensor,
  zerosLike,
} from './index.js';

const values = (x: Tensor) => Array.from(x.dataSync());

describe('creation', () => {
  it('arange is int32 of whole numbers, else float32', () => {
    scope(() => {
      expect([arange(3).dtype, arange(0, 1, 0.5).dtype, arange(3, 'float32').dtype]).toEqual([
        'int32',
        'float32',
        'float32',
      ]);
      expect(values(arange(2, 8, 3))).toEqual([2, 5]);
      expect(values(arange(3, 3))).toEqual([]);
      expect(() => arange(3, 0)).toThrow('arange: expected a step that leads from start to end');
      expect(() => arange(3, 0, 0)).toThrow('step 0');
    });
  });

  it('linspace meets both ends', () => {
    scope(() => {
      const x = values(linspace(0, 0.7, 8));
      expect([x[0], x[7]]).toEqual([0, Math.fround(0.7)]);
      expect(values(linspace(3, 4, 1))).toEqual([3]);
      expect(values(linspace(3, 4, 0))).toEqual([]);
    });
  });

  it('likes take shape and, by default, dtype', () => {
    scope(() => {
      const x = tensor([[1, 2]], 'int32');
      expect([zerosLike(x).dtype, onesLike(x, 'float32').dtype]).toEqual(['int32', 'float32']);
      expect(values(fullLike(x, 7))).toEqual([7, 7]);
      expect([randLike(x).dtype, randnLike(x).shape]).toEqual(['float32', [1, 2]]);
      expect(values(eye(2, 2, 'int32'))).toEqual([1, 0, 0, 1]);
    });
  });

  it('randint is even over its range, and follows its source', () => {
    scope(() => {
      const draw = () => randint(-2, 3, [10_000], { random: new RandomSource(5) });
      const drawn = values(draw());
      expect(values(draw())).toEqual(drawn);
      for (let v = -2; v < 3; v++) {
        const share = drawn.filter((each) => each === v).length / drawn.length;
        expect(Math.abs(share - 0.2)).toBeLessThan(0.02);
      }
      expect(randint(10, [2, 3]).dtype).toBe('int32');
      const wide = values(randint(2 ** 31 - 1, [1000]));
      expect(wide.some((v) => v % 256 !== 0)).toBe(true); // more bits than one uniform number has
      expect(() => randint(3, 3, [2])).toThrow('randint: expected whole numbers low < high');
    });
  });

  it('takes sizes as a list or one after another', () => {
    scope(() => {
      expect(randn(2, 3).shape).toEqual([2, 3]);
      expect(randn(2, 3, { std: 0 }).shape).toEqual([2, 3]);
      expect(values(randn([2], { mean: 1, std: 0 }))).toEqual([1, 1]);
      expect(() => randn(2, 'x' as never)).toThrow('randn: expected options');
    });
  });

  it('tensor takes ids and masks', () => {
    scope(() => {
      expect(tensor([[1, 2]], 'int32').dtype).toBe('int32');
      expect(tensor([1, 2], { dtype: 'int32' }).dtype).toBe('int32');
      expect(tensor([[true], [false]]).dtype).toBe('bool');
      expect(tensor(Int32Array.of(1, 0), 'bool').dtype).toBe('bool');
    });
  });
});
