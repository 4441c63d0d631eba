import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { reduce } from '../../../src/backend/reference/reduce.js';
import { type Draw, kernel, LARGE, positiveSize, side, size } from './check.suite.js';
import { absolute, exact, summing, type Tolerance, U, ulps } from './tolerance.suite.js';

const NOT_FINITE = [NaN, Infinity, -Infinity];

/** (outer, count, inner): rows, columns and what is in between, short ones and long ones. */
const middle = { outer: side, count: size, inner: side };
const LARGE_MIDDLES = [
  { outer: 5, count: 20_011, inner: 1 },
  { outer: 300, count: 257, inner: 1 },
  { outer: 1, count: 4099, inner: 23 },
  { outer: 3, count: 65, inner: 401 },
  { outer: 30_011, count: 3, inner: 1 },
];

const values = (d: Draw, count: number) => (d.below(2) ? d.values(count, 2) : d.wide(count));
/** Few different values, so that the maximum is often there more than once. */
const tied = (d: Draw, count: number) =>
  d.below(2) ? d.among(count, [-3, -1, 0, -0, 1, 2]) : d.values(count);
/** NaN or an infinity in about every second of the sets of `count` that are reduced. */
const spoiled = (d: Draw, x: Float32Array, count: number) =>
  d.sprinkle(x, 0.7 / Math.max(1, count), NOT_FINITE);

/** Each reduction is tested over finite values, and over some that are not. */
const KINDS = [
  { what: '', of: (_: Draw, x: Float32Array, _count: number) => x },
  { what: ' of NaN and infinity', of: spoiled },
];

function sums(subject: Backend<unknown>): void {
  for (const { what, of } of KINDS) {
    for (const op of ['sum', 'mean'] as const) {
      kernel(subject, op + what, middle, LARGE_MIDDLES, ({ outer, count, inner }, d) => {
        const x = of(d, values(d, outer * count * inner), count);
        const magnitude = new Float64Array(outer * inner);
        reduce(op, magnitude, absolute(x), outer, count, inner);
        return {
          buffers: { out: d.room(outer * inner), x },
          run: (b, p) => b.reduce(op, p.out, p.x, outer, count, inner),
          within: { out: summing(count, magnitude) },
        };
      });
    }

    kernel(subject, `variance${what}`, middle, LARGE_MIDDLES, ({ outer, count, inner }, d) => {
      const shift = d.pick([0, 0, 1, -1000]);
      const x = of(
        d,
        values(d, outer * count * inner).map((v) => v + shift),
        count,
      );
      const correction = d.below(3);
      const magnitude = new Float64Array(outer * inner);
      reduce('mean', magnitude, absolute(x), outer, count, inner);
      const meanWithin = summing(count, magnitude);
      // A mean that is off by δ adds δ² to the variance.
      const varianceWithin: Tolerance = (i, expected) => {
        const delta = meanWithin(i, magnitude[i]);
        const scale = count / Math.max(0, count - correction);
        return 2 * U * (6 + 2 * Math.sqrt(count)) * expected + delta * delta * scale;
      };
      return {
        buffers: { out: d.room(outer * inner), mean: d.room(outer * inner), x },
        run: (b, p) => b.variance(p.out, p.mean, p.x, outer, count, inner, correction),
        within: { out: varianceWithin, mean: meanWithin },
      };
    });
  }

  kernel(subject, 'sumOfSquares', { count: size }, { count: LARGE }, ({ count }, d) => ({
    buffers: { x: d.below(5) ? d.wide(count) : spoiled(d, values(d, count), count) },
    run: (b, p) => b.sumOfSquares(p.x, count),
    within: {},
    returned: (_, expected) => 1e-13 * expected, // in doubles throughout
  }));
}

function maxima(subject: Backend<unknown>): void {
  const shape = { ...middle, count: positiveSize };
  for (const { what, of } of KINDS) {
    kernel(subject, `max${what}`, shape, LARGE_MIDDLES, ({ outer, count, inner }, d) => ({
      buffers: {
        out: d.room(outer * inner),
        x: of(d, tied(d, outer * count * inner), count),
      },
      run: (b, p) => b.reduce('max', p.out, p.x, outer, count, inner),
      within: { out: exact },
    }));

    kernel(subject, `maxBackward${what}`, shape, LARGE_MIDDLES, ({ outer, count, inner }, d) => {
      const x = of(d, tied(d, outer * count * inner), count);
      const y = new Float32Array(outer * inner);
      reduce('max', y, x, outer, count, inner);
      const dy = of(d, d.values(outer * inner), 3);
      return {
        buffers: { dx: d.room(x.length), dy, x, y },
        run: (b, p) => b.maxBackward(p.dx, p.dy, p.x, p.y, outer, count, inner),
        within: { dx: ulps(2) },
      };
    });
  }
}

export function reduceSuite(subject: Backend<unknown>): void {
  describe('reductions', () => {
    sums(subject);
    maxima(subject);

    kernel(subject, 'firstNonFinite', { count: size }, { count: LARGE }, ({ count }, d) => ({
      buffers: { x: d.sprinkle(d.wide(count), d.pick([0, 0.5 / (count + 1), 0.01]), NOT_FINITE) },
      run: (b, p) => b.firstNonFinite(p.x, count),
      within: {},
    }));
  });
}
