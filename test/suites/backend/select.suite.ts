import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { kernel, LARGE, oneOf, side, size } from './check.suite.js';
import { exact } from './tolerance.suite.js';

const OUTSIDE = [NaN, Infinity, -Infinity, -1e30, 1e30];

export function selectSuite(subject: Backend<unknown>): void {
  describe('histogram', () => {
    const bins = oneOf(1, 2, 7, 10, 64, 333);

    kernel(
      subject,
      'of values that lie inside their bins',
      { count: size, bins },
      { count: LARGE, bins: 50 },
      ({ count, bins }, d) => {
        const low = d.pick([0, -1, 0.1, -1e6, 1e-20]);
        const width = d.pick([1, 2.7, 1e6, 1e-3]);
        // Some fall outside, but none within a tenth of a bin of an edge.
        const x = new Float32Array(count).map(
          () => low + (width * (d.below(bins + 2) - 0.5 + 0.8 * (d.unit() - 0.5))) / bins,
        );
        const far = low === -1e6 && width < 1; // where float32 is too coarse for such bins
        const [from, to] = far ? [-2e6, -1e6 + 1] : [low, low + width];
        return {
          buffers: { counts: d.intRoom(far ? 1 : bins), x: d.sprinkle(x, 0.05, OUTSIDE) },
          run: (b, p) => b.histogram(p.counts, p.x, count, from, to, far ? 1 : bins),
          within: { counts: exact },
        };
      },
    );

    kernel(
      subject,
      'of values on the edges, exact ones',
      { count: size },
      { count: LARGE },
      ({ count }, d) => ({
        buffers: {
          counts: d.intRoom(16),
          x: d.sprinkle(
            d.among(
              count,
              Array.from({ length: 25 }, (_, i) => (i - 12) / 4),
            ),
            0.1,
            OUTSIDE,
          ),
        },
        run: (b, p) => b.histogram(p.counts, p.x, count, -2, 2, 16),
        within: { counts: exact },
      }),
    );
  });

  describe('topk', () => {
    const draw = {
      rows: side,
      cols: size,
      part: oneOf(0, 1, 2, 5, 50, 1000),
      largest: oneOf(0, 1),
    };
    for (const [title, among] of [
      ['of different values', null],
      ['of ties, zeros of both signs, NaN and infinity', [NaN, Infinity, -Infinity, 0, -0, 1, -1]],
    ] as const) {
      kernel(
        subject,
        title,
        draw,
        [
          { rows: 3, cols: 40_009, part: 50, largest: 1 },
          { rows: 9001, cols: 9, part: 5, largest: 0 },
        ],
        ({ rows, cols, part, largest }, d) => {
          const k = Math.min(part, cols);
          const count = rows * cols;
          return {
            buffers: {
              values: d.room(rows * k),
              indices: d.intRoom(rows * k),
              x: among ? d.sprinkle(d.values(count), d.unit(), among) : d.values(count),
            },
            run: (b, p) => b.topk(p.values, p.indices, p.x, rows, cols, k, largest === 1),
            within: { values: exact, indices: exact },
          };
        },
      );
    }
  });
}
