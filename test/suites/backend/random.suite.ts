import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend, RandomKey } from '../../../src/backend/backend.js';
import { normal, uniform } from '../../../src/backend/reference/random.js';
import { normalCdf } from '../../../src/backend/reference/special.js';
import { type Draw, kernel, LARGE, oneOf, size } from './check.suite.js';
import { exact, type Tolerance, U, ulps } from './tolerance.suite.js';

const addresses = {
  seed: fc.maxSafeNat(),
  stream: oneOf(0, 1, 2, 2 ** 32 - 1, 2 ** 40 + 3),
  // Near where the counter's low word overflows, too.
  position: oneOf(0, 1, 1000, 2 ** 32 - 3, 2 ** 45),
};
const ADDRESS = { seed: 2 ** 40 + 5, stream: 3, position: 2 ** 32 - 100 };

/** Bounds and spreads as initialisations have them. */
const bounds = (d: Draw) =>
  d.pick([
    [0, 1],
    [-0.1, 0.1],
    [-Math.sqrt(6 / 400), Math.sqrt(6 / 400)],
    [1e3, 1e3 + 1],
    [2, 2],
  ] as const);

export function randomSuite(subject: Backend<unknown>): void {
  describe('random numbers', () => {
    kernel(
      subject,
      'uniform, to the bit',
      { count: size, ...addresses },
      { count: LARGE, ...ADDRESS },
      ({ count, ...key }, d) => {
        const [low, high] = bounds(d);
        return {
          buffers: { out: d.room(count) },
          run: (b, p) => b.uniform(p.out, count, low, high, key),
          within: { out: exact },
        };
      },
    );

    kernel(
      subject,
      'normal',
      { count: size, ...addresses },
      { count: LARGE, ...ADDRESS },
      ({ count, ...key }, d) => {
        const [mean, std] = d.pick([
          [0, 1],
          [0, 0.02],
          [-3, 2],
          [5, 0],
        ] as const);
        // Each deviate is a radius times a cosine or sine, whose own errors are relative to 1.
        const z = new Float64Array(count + 1);
        normal(z, count + 1, 0, 1, key);
        const within: Tolerance = (i) => {
          const radius = Math.hypot(z[i - (i % 2)], z[i - (i % 2) + 1] ?? 0);
          return 4 * U * (Math.abs(mean) + std * (radius + 0.5));
        };
        return {
          buffers: { out: d.room(count) },
          run: (b, p) => b.normal(p.out, count, mean, std, key),
          within: { out: within },
        };
      },
    );

    kernel(
      subject,
      'dropout',
      { count: size, ...addresses },
      { count: LARGE, ...ADDRESS },
      ({ count, ...key }, d) => {
        // Among others, probabilities that one of the numbers equals, or is just below.
        const u = new Float64Array(count + 1);
        uniform(u, count + 1, 0, 1, key);
        const one = d.pick([...u.subarray(0, 100)]);
        const p = d.pick([0, 0.1, 0.5, 0.9, 1 - U, 2 ** -24, one, one, one + 2 ** -30]);
        return {
          buffers: {
            out: d.room(count),
            x: d.sprinkle(d.wide(count), 0.1, [NaN, Infinity, -Infinity, 0, -0]),
          },
          run: (b, q) => b.dropout(q.out, q.x, count, p, key),
          within: { out: ulps(2) },
          inPlace: { out: ['x'] },
        };
      },
    );

    it('a uniform number never reaches its upper bound, wherever that lies', () => {
      for (const [low, high] of [
        [0, 2 ** -149],
        [16777215, 16777216],
        [1, 1.0000001],
        [-1, 0],
        [-1.0000001, -1],
        [-1e-45, 0],
        [3, 3],
      ]) {
        const x = drawn(subject, (out) => subject.uniform(out, 1000, low, high, ADDRESS));
        for (const value of new Set(x)) {
          expect(value).toBeGreaterThanOrEqual(Math.fround(low));
          if (low < high) expect(value).toBeLessThan(high);
        }
      }
    });

    it('a tensor drawn in two parts is the tensor drawn whole', () => {
      for (const [title, draw] of [
        ['uniform', subject.uniform.bind(subject)],
        ['normal', subject.normal.bind(subject)],
      ] as const) {
        const whole = drawn(subject, (out) => draw(out, 1000, 0, 1, ADDRESS));
        const parts = drawn(subject, (out) => {
          draw(out, 300, 0, 1, ADDRESS);
          const rest = { ...ADDRESS, position: ADDRESS.position + 75 };
          draw(subject.offset(out, 300), 700, 0, 1, rest);
        });
        expect(parts, title).toEqual(whole);
      }
    });
  });

  describe('distributions', () => {
    it.each([1, 2, 3])('uniform numbers of seed %d are uniform', (seed) => {
      const x = sample(subject, 'uniform', { seed, stream: 0, position: 0 });
      const { mean, variance } = moments(x);
      // Five standard errors: the mean's is √(1/12 / n), the variance's √(1/180 / n).
      expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / SAMPLES));
      expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / SAMPLES));
      expect(kolmogorovSmirnov(x, (v) => v)).toBeLessThan(KS_BOUND);
      expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...x)).toBeLessThan(1);
    });

    it.each([1, 2, 3])('normal numbers of seed %d are normal', (seed) => {
      const x = sample(subject, 'normal', { seed, stream: 0, position: 0 });
      const { mean, variance, fourth } = moments(x);
      // Of the mean: √(1/n); of the variance: √(2/n); of the fourth moment: √(96/n).
      expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(SAMPLES));
      expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / SAMPLES));
      expect(Math.abs(fourth - 3)).toBeLessThan(5 * Math.sqrt(96 / SAMPLES));
      expect(kolmogorovSmirnov(x, normalCdf)).toBeLessThan(KS_BOUND);
    });

    it('the two normal deviates of a pair are not correlated', () => {
      const x = sample(subject, 'normal', { seed: 4, stream: 0, position: 0 });
      let product = 0;
      for (let i = 0; i < SAMPLES; i += 2) product += x[i] * x[i + 1];
      expect(Math.abs(product / (SAMPLES / 2))).toBeLessThan(5 / Math.sqrt(SAMPLES / 2));
    });

    it('streams and seeds are not correlated', () => {
      const [a, b, c] = [
        { seed: 1, stream: 0 },
        { seed: 1, stream: 1 },
        { seed: 2, stream: 0 },
      ].map((key) => sample(subject, 'normal', { ...key, position: 0 }));
      for (const other of [b, c]) {
        const product = a.reduce((sum, v, i) => sum + v * other[i], 0);
        expect(Math.abs(product / SAMPLES)).toBeLessThan(5 / Math.sqrt(SAMPLES));
      }
    });

    it.each([0.1, 0.5])('dropout of %d drops that share, and keeps the expectation', (p) => {
      const x = drawn(
        subject,
        (out) => {
          subject.fill(out, 'float32', SAMPLES, 1);
          subject.dropout(out, out, SAMPLES, p, { seed: 9, stream: 2, position: 0 });
        },
        SAMPLES,
      );
      const dropped = x.filter((v) => v === 0).length;
      const bound = 5 * Math.sqrt((p * (1 - p)) / SAMPLES);
      expect(Math.abs(dropped / SAMPLES - p)).toBeLessThan(bound);
      expect(Math.abs(moments(x).mean - 1)).toBeLessThan(bound / (1 - p));
    });
  });
}

const SAMPLES = 50_000;
/** The Kolmogorov distribution is above 1.95 once in 1,000 (Smirnov 1948). The seeds are fixed. */
const KS_BOUND = 1.95 / Math.sqrt(SAMPLES);

function drawn(
  backend: Backend<unknown>,
  draw: (out: unknown) => void,
  count = 1000,
): Float32Array {
  const out = backend.alloc('float32', count);
  draw(out);
  const values = new Float32Array(count);
  backend.read(out, 'float32', values);
  backend.free(out);
  return values;
}

function sample(backend: Backend<unknown>, kind: 'uniform' | 'normal', key: RandomKey) {
  return drawn(backend, (out) => backend[kind](out, SAMPLES, 0, 1, key), SAMPLES);
}

function moments(x: Float32Array) {
  const average = (f: (v: number) => number) => x.reduce((sum, v) => sum + f(v), 0) / x.length;
  const mean = average((v) => v);
  return {
    mean,
    variance: average((v) => (v - mean) ** 2),
    fourth: average((v) => (v - mean) ** 4),
  };
}

/** The greatest distance between the distribution of the samples and `cdf`. */
function kolmogorovSmirnov(x: Float32Array, cdf: (v: number) => number): number {
  let greatest = 0;
  x.slice()
    .sort()
    .forEach((v, i) => {
      const p = cdf(v);
      greatest = Math.max(greatest, p - i / x.length, (i + 1) / x.length - p);
    });
  return greatest;
}
