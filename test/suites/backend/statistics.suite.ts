import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { flag, kernel, LARGE, oneOf, side } from './check.suite.js';
import { exact, type Tolerance } from './tolerance.suite.js';

const SPECIALS = [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-45, 3.4e38, -3.4e38, Math.SQRT2, -1];
/** Zeros, NaN, infinities, and the bins of both signs. */
const COUNTS = 3 + 2 * 256;

/**
 * Sums are made in double precision and rounded once: what cancels in a mean, and what a deviation loses where the
 * mean is larger, is lost in doubles' roundings.
 */
const near =
  (x: Float32Array): Tolerance =>
  (i, y) => {
    if (i === 2 || i === 3) return 0;
    const finite = x.filter(Number.isFinite);
    const rms = Math.sqrt(finite.reduce((sum, v) => sum + v * v, 0) / finite.length);
    return 2 ** -22 * Math.abs(y) + (i === 0 ? 2 ** -44 : 2 ** -24) * rms + 2 ** -140;
  };

export function statisticsSuite(subject: Backend<unknown>): void {
  describe('statistics', () => {
    kernel(
      subject,
      'of rows that lie apart, scaled or less others',
      {
        rows: side,
        cols: oneOf(1, 3, 16, 17, 255, 256, 300, 1000),
        gap: oneOf(0, 0, 5),
        less: flag,
      },
      [
        { rows: 1, cols: LARGE, gap: 0, less: false },
        { rows: 301, cols: 333, gap: 7, less: true },
      ],
      ({ rows, cols, gap, less }, d) => {
        const stride = cols + gap;
        const size = Math.max(0, rows * stride);
        const x = d.below(2) ? d.values(size) : d.wide(size).map((v) => v / 1e3);
        const scale = d.pick([1, 1 / 3, 0.25]);
        const drawn = d.below(2) ? d.sprinkle(x, 0.05, SPECIALS) : x;
        return {
          buffers: {
            out: d.room(5),
            counts: d.intRoom(COUNTS),
            x: drawn,
            minus: d.values(rows * cols),
          },
          run: (b, p) =>
            b.statistics(p.out, p.counts, p.x, less ? p.minus : null, rows, cols, stride, scale),
          within: { out: near(drawn), counts: exact },
        };
      },
    );

    kernel(
      subject,
      'countBetween',
      { rows: side, cols: oneOf(1, 3, 63, 64, 65, 200) },
      { rows: 513, cols: 130 },
      ({ rows, cols }, d) => {
        const [low, high] = d.pick([
          [0, Infinity],
          [-0.97, 0.97],
          [-1e-45, 1e-45],
          [1, 1],
        ]);
        return {
          buffers: {
            counts: d.intRoom(cols),
            x: d.sprinkle(d.values(rows * cols), 0.1, [...SPECIALS, 0.97, 1]),
          },
          run: (b, p) => b.countBetween(p.counts, p.x, rows, cols, low, high),
          within: { counts: exact },
        };
      },
    );
  });
}
