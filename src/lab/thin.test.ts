import { describe, expect, it } from 'vitest';
import { thin } from './thin.js';

const count = 10_000;
const x = Float64Array.from({ length: count }, (_, i) => i + 1);
const y = Float64Array.from(x, (at) => 4 / Math.sqrt(at) + (at % 7) / 10);

/** The average of all points, one after the other. */
function smoothed(values: ArrayLike<number>, weight: number): number[] {
  let [sum, total] = [0, 0];
  return Array.from(values, (value) => {
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

describe('thin', () => {
  it('keeps every spike and the mean', () => {
    const spiked = y.slice();
    spiked[6543] = 99;
    spiked[321] = -5;
    const { min, max, mean, x: at } = thin(x, spiked, { points: 100 });
    expect(at).toHaveLength(100);
    expect(Math.max(...max)).toBe(99);
    expect(Math.min(...min)).toBe(-5);
    expect(mean[50]).toBeCloseTo(
      spiked.slice(5000, 5100).reduce((sum, value) => sum + value) / 100,
      1,
    );
  });

  it('draws what is visible of the same smoothed curve, whatever the number of points', () => {
    const whole = thin(x, y, { points: 1000, smoothing: 0.99 });
    const part = thin(x, y, { points: 10, smoothing: 0.99, from: 5001, to: 6000 });
    const full = smoothed(y, 0.99);
    expect(part.smooth!.at(-1)).toBe(full[5999]);
    expect(whole.smooth!.at(-1)).toBe(full[count - 1]);
  });

  it('leaves out what is not finite, and what a logarithmic axis cannot show', () => {
    const { x: at, mean } = thin([0, 1, 2, 3], [5, Number.NaN, 7, Infinity], {
      points: 4,
      logX: true,
    });
    expect([at, mean]).toEqual([[2], [7]]);
    expect(thin([], [], { points: 4 }).x).toEqual([]);
  });
});

describe('the average', () => {
  const of = (values: number[], smoothing: number) =>
    thin(
      values.map((_, i) => i),
      values,
      { points: 100, smoothing },
    ).smooth!;

  it('begins at the first value and passes over what is missing', () => {
    const result = of([3, Number.NaN, 3, 1], 0.5);
    expect(result.slice(0, 2)).toEqual([3, 3]);
    expect(result[2]).toBeCloseTo((0.125 * 3 + 0.25 * 3 + 0.5 * 1) / 0.875, 12);
  });

  it('follows closely with a small weight, and slowly with a great one', () => {
    const step = [0, 0, 0, 0, 1, 1];
    expect(of(step, 0.01).at(-1)).toBeGreaterThan(0.99);
    expect(of(step, 0.9).at(-1)).toBeLessThan(0.5);
  });
});
