/** Estimates from few seeds, against what tables and R have. */
import { describe, expect, it } from 'vitest';
import { chiSquareTest, estimate, tTest } from './statistics.js';

describe('estimate', () => {
  it("has Student's interval, and the values' own standard deviation", () => {
    const found = estimate([1, 2, 3, 4]);
    expect(found.mean).toBe(2.5);
    expect(found.sd).toBeCloseTo(1.2909944487, 9);
    // R: t.test(c(1, 2, 3, 4))$conf.int
    expect(found.interval![0]).toBeCloseTo(0.4457397432, 9);
    expect(found.interval![1]).toBeCloseTo(4.5542602568, 9);
  });

  it('of five values reaches 2.776 standard errors, as the tables have it', () => {
    const { mean, sd, interval } = estimate([1.1, 0.7, 1.3, 0.9, 1.6]);
    expect((interval![1] - mean) / (sd! / Math.sqrt(5))).toBeCloseTo(2.776445, 5);
  });

  it('of values that do not differ is a point, of one there is no interval', () => {
    expect(estimate([2, 2, 2])).toEqual({ n: 3, mean: 2, sd: 0, interval: [2, 2] });
    expect(estimate([2])).toEqual({ n: 1, mean: 2, sd: null, interval: null });
  });

  it('refuses nothing, and what is not finite', () => {
    expect(() => estimate([])).toThrow('estimate: expected finite numbers, got []');
    expect(() => estimate([1, Number.NaN])).toThrow('got [1, NaN]');
  });
});

describe('tTest', () => {
  it('is two-sided and of the mean against the line', () => {
    // With three degrees of freedom the distribution has a closed form.
    const x = 1.5 / (1.2909944487 / 2) / Math.sqrt(3);
    const p = 1 - (2 / Math.PI) * (x / (1 + x * x) + Math.atan(x));
    expect(tTest([1, 2, 3, 4], 1)).toBeCloseTo(p, 9);
    expect(tTest([1, 2, 3, 4], 2.5)).toBeCloseTo(1, 9);
    expect(tTest([3, 3, 3], 1)).toBeNull();
  });
});

describe('chiSquareTest', () => {
  it('knows a fair die from a loaded one', () => {
    const even = [1 / 3, 1 / 3, 1 / 3];
    expect(chiSquareTest([90, 110, 100], even)).toMatchObject({ statistic: 2 });
    // exp(−1): with two degrees of freedom the tail is exp(−statistic / 2).
    expect(chiSquareTest([90, 110, 100], even).p).toBeCloseTo(Math.exp(-1), 9);
    expect(chiSquareTest([10, 200, 90], even).p).toBeLessThan(1e-12);
    expect(() => chiSquareTest([1, 2], even)).toThrow('as many probabilities as counts');
  });
});
