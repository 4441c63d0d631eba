import { describe, expect, it } from 'vitest';
import { defaultRandom, manualSeed, RandomSource, rand, randn, scope, zeros } from './index.js';

describe('random tensors', () => {
  it('are the same for the same seed, and move on', () => {
    scope(() => {
      manualSeed(5);
      const a = rand([7]).dataSync();
      const b = rand([7]).dataSync();
      manualSeed(5);
      expect(rand([7]).dataSync()).toEqual(a);
      expect(a).not.toEqual(b);
      const state = defaultRandom.state();
      const c = randn([3]).dataSync();
      defaultRandom.load(state);
      expect(randn([3]).dataSync()).toEqual(c);
    });
  });

  it('never hand the same blocks out twice', () => {
    const random = new RandomSource(1, 2);
    expect(random.take(5)).toEqual({ seed: 1, stream: 2, position: 0 });
    expect(random.take(0).position).toBe(2);
    expect(random.take(4).position).toBe(2);
    expect(random.state()).toEqual({ seed: 1, stream: 2, position: 3 });
  });

  it('have the moments they are to have', () => {
    scope(() => {
      const random = new RandomSource(11);
      const n = 200_000;
      const u = rand([n], { low: -1, high: 3, random });
      expect(Math.abs(u.mean().itemSync() - 1)).toBeLessThan((5 * 4) / Math.sqrt(12 * n));
      expect(u.var().itemSync()).toBeCloseTo(16 / 12, 1);
      const values = u.dataSync();
      expect(values.every((v) => v >= -1 && v < 3)).toBe(true);
      const z = randn([n], { mean: 2, std: 3, random });
      expect(Math.abs(z.mean().itemSync() - 2)).toBeLessThan((5 * 3) / Math.sqrt(n));
      expect(Math.abs(z.var().itemSync() - 9)).toBeLessThan(5 * 9 * Math.sqrt(2 / n));
    });
  });

  it('name what does not fit', () => {
    scope(() => {
      expect(() => new RandomSource(-1)).toThrow(
        'seed: expected a whole number from 0 to 9007199254740991, got -1',
      );
      expect(() => new RandomSource(1, 0.5)).toThrow('stream: expected a whole number');
      expect(zeros([0]).numel).toBe(0);
    });
  });

  it('are drawn on from a state, and from nothing else', () => {
    const random = new RandomSource(5, 2);
    random.take(9);
    for (const bad of [
      null,
      3,
      {},
      { seed: 1, stream: 0 },
      { seed: 1, stream: 0, position: 0.5 },
    ]) {
      expect(() => random.load(bad as never)).toThrow(/expected/);
    }
    expect(random.state()).toEqual({ seed: 5, stream: 2, position: 3 });
  });
});
