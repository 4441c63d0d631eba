import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { cumsum } from '../../../src/backend/reference/scan.js';
import { type Draw, flag, kernel, oneOf, positiveSize, side, size } from './check.suite.js';
import { absolute, exact, rounding, type Tolerance } from './tolerance.suite.js';

/** (outer, count, inner): rows, columns and what is in between. */
const middle = { outer: side, count: size, inner: side };
const LARGE_MIDDLES = [
  { outer: 5, count: 20_011, inner: 1 },
  { outer: 1, count: 301, inner: 401 },
  { outer: 30_011, count: 3, inner: 1 },
];
const SPECIALS = [NaN, Infinity, -Infinity, 0];

/** Near enough to 1 that a long product stays in range; zeros, NaN and infinities in some. */
function factors(d: Draw, count: number, rate: number): Float32Array {
  const x = d.values(count, 0.1).map((v, i) => (i % 2 ? 1 : -1) * Math.exp(v));
  return d.below(2) ? d.sprinkle(x, rate, SPECIALS) : x;
}

export function scanSuite(subject: Backend<unknown>): void {
  describe('scans and products', () => {
    kernel(
      subject,
      'cumsum',
      { ...middle, reverse: flag },
      LARGE_MIDDLES.map((sizes) => ({ ...sizes, reverse: true })),
      ({ outer, count, inner, reverse }, d) => {
        const x = d.below(2) ? d.wide(outer * count * inner) : d.values(outer * count * inner);
        if (d.below(3) === 0) x.set(d.sprinkle(x, 0.7 / count, SPECIALS));
        const magnitude = absolute(x);
        cumsum(magnitude, magnitude, outer, count, inner, reverse);
        return {
          buffers: { out: d.room(x.length), x },
          run: (b, p) => b.cumsum(p.out, p.x, outer, count, inner, reverse),
          // Made in doubles; what is rounded is the result.
          within: {
            out: ((i, y) =>
              rounding(1, magnitude)(i, y) / 1e6 + 2 ** -24 * Math.abs(y) + 2 ** -149) as Tolerance,
          },
          inPlace: { out: ['x'] },
        };
      },
    );

    kernel(subject, 'prod', middle, LARGE_MIDDLES, ({ outer, count, inner }, d) => ({
      buffers: { out: d.room(outer * inner), x: factors(d, outer * count * inner, 0.5 / count) },
      run: (b, p) => b.prod(p.out, p.x, outer, count, inner),
      within: { out: rounding(2, new Float64Array(outer * inner)) },
    }));

    kernel(
      subject,
      'prodBackward',
      { outer: side, count: oneOf(0, 1, 2, 3, 7, 20), inner: side },
      { outer: 301, count: 3, inner: 97 },
      ({ outer, count, inner }, d) => ({
        buffers: {
          dx: d.room(outer * count * inner),
          dy: d.values(outer * inner),
          x: factors(d, outer * count * inner, 0.7 / count),
        },
        run: (b, p) => b.prodBackward(p.dx, p.dy, p.x, outer, count, inner),
        within: { dx: rounding(2, new Float64Array(outer * count * inner)) },
      }),
    );

    for (const op of ['sum', 'max', 'min'] as const) {
      kernel(subject, `${op} of int32`, middle, LARGE_MIDDLES, ({ outer, count, inner }, d) => {
        const elements = op === 'sum' || count > 0 ? count : 1; // of nothing there is no greatest
        return {
          buffers: {
            out: d.intRoom(outer * inner),
            x: d.ints(outer * elements * inner, 2 ** 31).map((v) => (d.below(2) ? v : -v)),
          },
          run: (b, p) => b.integerReduce(op, p.out, p.x, outer, elements, inner),
          within: { out: exact },
        };
      });
    }
  });

  describe('choosing by index', () => {
    const sizes = { outer: side, size: positiveSize, count: side, inner: side, shared: flag };
    const large = [true, false].map((shared) => ({
      ...{ outer: 30, size: 50, count: 30, inner: 101, shared },
    }));

    kernel(subject, 'take', sizes, large, ({ outer, size, count, inner, shared }, d) => {
      const elements = outer * size * inner;
      const x = d.below(2) ? d.ints(elements, 2 ** 31) : d.sprinkle(d.values(elements), 0.1, [NaN]);
      const chosen = outer * count * inner;
      return {
        buffers: {
          out: x instanceof Int32Array ? d.intRoom(chosen) : d.room(chosen),
          x,
          ids: d.ints(shared ? count : chosen, size),
        },
        run: (b, p) => b.take(p.out, p.x, p.ids, outer, size, count, inner, shared),
        within: { out: exact },
      };
    });

    for (const accumulate of [false, true]) {
      const title = accumulate ? 'put, accumulating' : 'put';
      kernel(subject, title, sizes, large, ({ outer, size, count, inner, shared }, d) => {
        const chosen = outer * count * inner;
        return {
          buffers: {
            out: d.values(outer * size * inner),
            x: d.values(chosen),
            ids: d.ints(shared ? count : chosen, size),
          },
          run: (b, p) => b.put(p.out, p.x, p.ids, outer, size, count, inner, shared, accumulate),
          within: {
            out: accumulate ? (_i, y) => 2 ** -22 * count * (4 + Math.abs(y)) : exact,
          },
        };
      });
    }

    kernel(
      subject,
      'take and put name the first id that is out of range, and write nothing',
      { ...sizes, count: oneOf(1, 3, 8), outer: oneOf(1, 3), inner: oneOf(1, 2), way: flag },
      [],
      ({ outer, size, count, inner, shared, way }, d) => {
        const chosen = outer * count * inner;
        const ids = d.ints(shared ? count : chosen, size);
        for (let i = 0; i < 2; i++) {
          ids[d.below(ids.length)] = d.pick([-1, size, 2 ** 31 - 1, -(2 ** 31)]);
        }
        const [small, whole] = [d.values(chosen), d.values(outer * size * inner)];
        return {
          buffers: { small, whole, ids },
          run: (b, p) =>
            way
              ? b.take(p.small, p.whole, p.ids, outer, size, count, inner, shared)
              : b.put(p.whole, p.small, p.ids, outer, size, count, inner, shared, true),
          within: {},
        };
      },
    );
  });
}
