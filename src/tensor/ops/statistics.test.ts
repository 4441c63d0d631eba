import { describe, expect, it } from 'vitest';
import { binOf, FIRST_BIN } from '../../util/log-bins.js';
import { randn, tensor } from '../index.js';
import { watchGradient } from '../watch-gradient.js';
import { countBetween, evenShare, gathered, sizeOf, statisticsOf } from './statistics.js';

describe('statisticsOf', () => {
  it('keeps NaN, infinities and zeros out of moments and bins', () => {
    const x = tensor([1, -3, 0, Number.NaN, Infinity, 5]);
    const { bins, ...rest } = statisticsOf(x);
    expect(rest).toEqual({
      ...{ seen: 6, mean: 0.75, min: -3, max: 5, zeros: 1, nan: 1, inf: 1 },
      std: expect.closeTo(Math.sqrt((1 + 9 + 25) / 4 - 0.75 ** 2), 6),
      norm: expect.closeTo(Math.sqrt(35), 5),
    });
    const [negative, positive] = bins;
    expect([negative, positive].map((side) => side.reduce((a, b) => a + b))).toEqual([1, 2]);
    expect(positive[binOf(5) - FIRST_BIN]).toBe(1);
  });

  it('measures what changed since a copy was taken, of a share of the values', () => {
    const x = randn([300, 128]);
    const stretch = evenShare(x.numel, 2000);
    expect(sizeOf(stretch)).toBeLessThanOrEqual(2000);
    expect(sizeOf(stretch)).toBeGreaterThan(1500);
    const before = gathered(x, stretch);
    x.addScaled_(x.clone().fill_(1), 0.25);
    const { mean, std, seen } = statisticsOf(x, { stretch, minus: before });
    expect(seen).toBe(sizeOf(stretch));
    expect(mean).toBeCloseTo(0.25, 6);
    expect(std).toBeLessThan(1e-6);
  });

  it('takes a share that passes through every column', () => {
    const columns = new Set<number>();
    const { rows, cols, stride } = evenShare(50_000 * 200, 1 << 20);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) columns.add((r * stride + c) % 200);
    expect(columns.size).toBe(200);
    expect((rows - 1) * stride + cols).toBeLessThanOrEqual(50_000 * 200);
  });

  it('counts by channel what lies between two bounds', () => {
    const x = tensor([
      [1, -1, Number.NaN],
      [2, 0, 0.5],
    ]);
    expect([...countBetween(x, 0, Infinity)]).toEqual([2, 0, 1]);
    expect([...countBetween(x, -1e-45, 1e-45)]).toEqual([0, 1, 0]);
  });
});

describe('watchGradient', () => {
  it('sees the whole gradient of a result that is used twice, once for each watcher', () => {
    const x = tensor([1, 2, 3]).requireGrad();
    const y = x.mul(2);
    const seen: number[][] = [];
    for (let i = 0; i < 2; i++) watchGradient(y, (dy) => seen.push([...dy.dataSync()]));
    watchGradient(x, () => seen.push([]));
    y.mul(y).add(y).sum().backward();
    expect(seen).toEqual([
      [5, 9, 13],
      [5, 9, 13],
    ]);
    expect([...x.grad!.dataSync()]).toEqual([10, 18, 26]);
  });
});
