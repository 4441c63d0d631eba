import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aShape, checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { dropout, ones, RandomSource, scope, tensor, zeros } from '../index.js';

describe('dropout', () => {
  it('drops the same elements in the backward as in the forward', () => {
    property(
      fc.tuple(aShape(), fc.nat(), fc.constantFrom(0, 0.1, 0.5, 0.9, 1)),
      ([shape, seed, p]) =>
        checkOperation({
          inputs: [shape],
          run: (x) => dropout(x, p, new RandomSource(seed)).square(),
          seed,
          tolerance: 1e-4,
        }),
    );
  });

  it('keeps the expectation: a share of 1 − p, scaled up', () => {
    scope(() => {
      const n = 100_000;
      for (const p of [0.1, 0.5, 0.9]) {
        const y = dropout(ones([n]), p, new RandomSource(7)).dataSync();
        const kept = y.filter((v) => v !== 0);
        expect(kept.every((v) => v === Math.fround(1 / (1 - p)))).toBe(true);
        // Five standard deviations of a binomial share.
        expect(Math.abs(kept.length / n - (1 - p))).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n));
      }
    });
  });

  it('draws another mask each time, and the same one from the same state', () => {
    scope(() => {
      const random = new RandomSource(3);
      const state = random.state();
      const x = ones([1000]);
      const first = dropout(x, 0.5, random).dataSync();
      expect(dropout(x, 0.5, random).dataSync()).not.toEqual(first);
      random.load(state);
      expect(dropout(x, 0.5, random).dataSync()).toEqual(first);
    });
  });

  it('does nothing with p = 0, and leaves nothing with p = 1', () => {
    scope(() => {
      const x = tensor([1, Number.NaN, Infinity]);
      expect(dropout(x, 0)).toBe(x);
      expect([...dropout(x, 1).dataSync()]).toEqual([0, 0, 0]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      for (const p of [-0.1, 1.1, Number.NaN]) {
        expect(() => dropout(zeros([1]), p)).toThrow(
          `dropout: expected p to be a number from 0 to 1, got ${p}`,
        );
      }
      expect(() => dropout(zeros([1], 'int32'), 0.5)).toThrow(
        'dropout: expected a float32 tensor, got int32 of shape (1)',
      );
    });
  });
});
