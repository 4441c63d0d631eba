import { describe, expect, it } from 'vitest';
import { allowedBytes, isProbed } from './schedule.js';

const measured = (steps: number, interval: number) =>
  Array.from({ length: steps }, (_, i) => i + 1).filter((step) => isProbed(step, interval));

describe('isProbed', () => {
  it('is dense at first, then regular, then ever rarer', () => {
    expect(measured(200, 50)).toEqual([1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 50, 100, 150, 200]);
    const late = measured(50_000, 50).filter((step) => step > 3200);
    expect(late.slice(0, 2)).toEqual([3400, 3600]);
    expect(late.slice(-2)).toEqual([48_000, 49_600]);
  });

  it('measures a few hundred steps at most, whatever the interval', () => {
    for (const interval of [1, 7, 25, 391, 5000]) {
      expect(measured(50_000, interval).length).toBeLessThan(400);
    }
  });
});

describe('allowedBytes', () => {
  it('lets early steps through and stays under 50 MB at 50,000', () => {
    expect(allowedBytes(1)).toBeGreaterThan(2e6);
    expect(allowedBytes(50_000)).toBeLessThan(50e6);
    // Records of 400 kB, as of a model of 12 layers.
    let bytes = 0;
    const steps = measured(50_000, 25).filter((step) => {
      if (bytes > allowedBytes(step)) return false;
      bytes += 400_000;
      return true;
    });
    expect(bytes).toBeLessThan(50e6);
    expect(steps.slice(0, 6)).toEqual([1, 2, 3, 4, 6, 8]);
    expect(steps.at(-1)).toBeGreaterThan(45_000);
  });
});
