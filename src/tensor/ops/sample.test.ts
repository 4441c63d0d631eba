import { describe, expect, it } from 'vitest';
import { kernels, named } from '../../../test/suites/backends.js';
import { exact } from '../../../test/suites/gradcheck.suite.js';
import { multinomial, ones, RandomSource, scope, tensor, withBackend, zeros } from '../index.js';

describe('multinomial', () => {
  it('draws in proportion', () => {
    scope(() => {
      const random = new RandomSource(3);
      const drawn = multinomial(tensor([1, 0, 3]), 8000, { replacement: true, random }).dataSync();
      const share = drawn.filter((v) => v === 2).length / drawn.length;
      expect(Math.abs(share - 0.75)).toBeLessThan(0.02);
      expect(drawn.includes(1)).toBe(false);
    });
  });

  it('does not draw a class twice by default', () => {
    scope(() => {
      const drawn = ones(4, 6).multinomial(6, { random: new RandomSource(1) });
      expect(drawn.shape).toEqual([4, 6]);
      for (let row = 0; row < 4; row++) {
        expect(Array.from(drawn.at(row).dataSync()).sort()).toEqual([0, 1, 2, 3, 4, 5]);
      }
    });
  });

  it.each(named(kernels))('draws the same on the %s backend', (_, backend) => {
    const draw = () =>
      multinomial(tensor([0.5, 0.25, 2, 1]), 3, { random: new RandomSource(9) }).dataSync();
    expect(withBackend(backend, draw)).toEqual(withBackend(exact, draw));
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => multinomial(tensor([1, -1]), 1)).toThrow(
        'at least 0, got -1 for class 1 of row 0',
      );
      expect(() => multinomial(tensor([1, 0]), 2)).toThrow(
        'at least 2 classes of weight above 0, got 1',
      );
      expect(() => multinomial(zeros(2, 2), 1)).toThrow(
        'at least 1 classes of weight above 0, got 0',
      );
      expect(() => multinomial(ones(2, 2, 2), 1)).toThrow(
        'multinomial: expected weights (classes)',
      );
    });
  });
});
