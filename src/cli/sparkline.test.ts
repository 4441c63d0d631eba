import { describe, expect, it } from 'vitest';
import { Curve, sparkline } from './sparkline.js';

describe('sparkline', () => {
  it('puts the least at the bottom and the greatest at the top', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([3, 2, 1], 8)).toBe('█▅▁');
  });

  it('averages what does not fit', () => {
    expect(sparkline([0, 2, 4, 6], 2)).toBe('▁█');
    expect(
      sparkline(
        Array.from({ length: 1000 }, (_, i) => -i),
        5,
      ),
    ).toHaveLength(5);
  });

  it('draws a constant, a single value and nothing', () => {
    expect(sparkline([2, 2, 2], 8)).toBe('▁▁▁');
    expect(sparkline([5], 8)).toBe('▁');
    expect(sparkline([], 8)).toBe('');
    expect(sparkline([Number.NaN, Infinity], 8)).toBe('');
  });

  it('is not flattened by a first value far above all others', () => {
    expect(sparkline([1000, 3, 2.5, 2, 1.5, 1], 8)).toBe('█▄▃▃▂▁');
  });
});

describe('Curve', () => {
  it('keeps every value while there is room', () => {
    const curve = new Curve(8);
    for (const value of [3, 1, Number.NaN, 2]) curve.add(value);
    expect(curve.values).toEqual([3, 1, 2]);
  });

  it('keeps the whole history in bounded room, evenly', () => {
    const curve = new Curve(8);
    for (let i = 0; i < 1000; i++) curve.add(i);
    expect(curve.values.length).toBeLessThan(8);
    const gaps = curve.values.slice(1).map((value, i) => value - curve.values[i]!);
    expect(new Set(gaps).size).toBe(1);
    expect(curve.values[0]).toBeCloseTo((gaps[0]! - 1) / 2, 9); // the mean of the first stride
  });
});
