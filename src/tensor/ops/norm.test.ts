import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aSize, checkOperation, exact, property } from '../../../test/suites/gradcheck.suite.js';
import {
  batchNorm,
  layerNorm,
  ones,
  rmsNorm,
  scope,
  tensor,
  withBackend,
  zeros,
} from '../index.js';

const EPS = 1e-3;

const drawn = fc.record({
  rows: fc
    .array(aSize, { minLength: 0, maxLength: 2 })
    .filter((s) => s.reduce((a, b) => a * b, 1) < 60),
  channels: fc.integer({ min: 2, max: 19 }),
  affine: fc.constantFrom(0, 1, 2),
  seed: fc.nat(),
});

/** (x − mean) / √(variance + eps) of the values at `places`, put back there. */
function normalise(x: readonly number[], y: number[], places: number[], centred = true): void {
  const mean = centred ? places.reduce((sum, i) => sum + x[i], 0) / places.length : 0;
  const variance = places.reduce((sum, i) => sum + (x[i] - mean) ** 2, 0) / places.length;
  for (const i of places) y[i] = (x[i] - mean) / Math.sqrt(variance + EPS);
}

const gained = (y: number[], weight?: readonly number[], bias?: readonly number[]) =>
  y.map((v, i) => v * (weight?.[i % weight.length] ?? 1) + (bias?.[i % bias.length] ?? 0));

const range = (count: number, f: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => f(i));

function byRows(x: readonly number[], cols: number, centred: boolean): number[] {
  const y: number[] = [];
  for (let r = 0; r < x.length; r += cols)
    normalise(
      x,
      y,
      range(cols, (c) => r + c),
      centred,
    );
  return y;
}

function byColumns(x: readonly number[], cols: number, parts: number): number[] {
  const y: number[] = [];
  const rows = x.length / cols / parts;
  for (let p = 0; p < parts; p++) {
    for (let c = 0; c < cols; c++) {
      normalise(
        x,
        y,
        range(rows, (r) => (p * rows + r) * cols + c),
      );
    }
  }
  return y;
}

describe('layerNorm and rmsNorm', () => {
  it('normalise the last dimension, with gain and shift or without', () => {
    property(drawn, ({ rows, channels, affine, seed }) =>
      checkOperation({
        inputs: [[...rows, channels], ...range(affine, () => 0).map(() => [channels])],
        run: (x, weight, bias) => layerNorm(x, weight, bias, EPS),
        expected: (x, weight, bias) => gained(byRows(x, channels, true), weight, bias),
        seed,
      }),
    );
    property(drawn, ({ rows, channels, affine, seed }) =>
      checkOperation({
        inputs: [[...rows, channels], ...(affine ? [[channels]] : [])],
        run: (x, weight) => rmsNorm(x, weight, EPS),
        expected: (x, weight) => gained(byRows(x, channels, false), weight),
        seed,
      }),
    );
  });

  it('name what does not fit', () => {
    scope(() => {
      expect(() => layerNorm(zeros([]))).toThrow(
        'layerNorm: expected x (…, C) with C above 0, got ()',
      );
      expect(() => layerNorm(zeros([2, 3]), ones([2]))).toThrow(
        'layerNorm: expected weight and bias (3) for x (2, 3), got (2)',
      );
      expect(() => layerNorm(zeros([2, 3]), null, ones([3]))).toThrow(/a bias alone/);
      expect(() => rmsNorm(zeros([2, 3]), null, -1)).toThrow(/rmsNorm: expected eps/);
      expect(() => rmsNorm(zeros([2, 3], 'int32'))).toThrow(/rmsNorm: expected a float32 tensor/);
    });
  });
});

describe('batchNorm', () => {
  it('normalises each channel over all rows of a part', () => {
    const withParts = fc.record({ of: drawn, parts: fc.integer({ min: 1, max: 3 }) });
    property(withParts, ({ of: { rows, channels, affine, seed }, parts }) =>
      checkOperation({
        inputs: [[parts * 2, ...rows, channels], ...range(affine, () => 0).map(() => [channels])],
        run: (x, weight, bias) => batchNorm(x, { weight, bias, eps: EPS, parts }).y,
        expected: (x, weight, bias) => gained(byColumns(x, channels, parts), weight, bias),
        seed,
        tolerance: 1e-4, // two values that all but agree are blown up to ±1
      }),
    );
  });

  it('takes given statistics as constants', () => {
    property(drawn, ({ rows, channels, affine, seed }) => {
      const mean = range(channels, (c) => Math.fround(0.1 * c));
      const variance = range(channels, (c) => Math.fround(0.5 + c));
      checkOperation({
        inputs: [[...rows, channels], ...range(affine, () => 0).map(() => [channels])],
        run: (x, weight, bias) => {
          const statistics = {
            mean: tensor(Float64Array.from(mean), { shape: [channels] }),
            variance: tensor(Float64Array.from(variance), { shape: [channels] }),
          };
          return batchNorm(x, { weight, bias, eps: EPS, statistics }).y;
        },
        expected: (x, weight, bias) =>
          gained(
            x.map((v, i) => (v - mean[i % channels]) / Math.sqrt(variance[i % channels] + EPS)),
            weight,
            bias,
          ),
        seed,
      });
    });
  });

  it('says which statistics it used', () => {
    withBackend(exact, () =>
      scope(() => {
        const { mean, variance } = batchNorm(tensor([[1], [3], [10], [20]]), { parts: 2 });
        expect([mean.shape, [...mean.doublesSync()]]).toEqual([
          [2, 1],
          [2, 15],
        ]);
        expect([...variance.doublesSync()]).toEqual([1, 25]);
      }),
    );
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => batchNorm(zeros([5, 3]), { parts: 2 })).toThrow(
        'batchNorm: expected 2 equal parts of 5 rows',
      );
      expect(() => batchNorm(zeros([0, 3]))).toThrow(/expected rows to take statistics of/);
      const statistics = { mean: zeros([3]), variance: zeros([2]) };
      expect(() => batchNorm(zeros([5, 3]), { statistics })).toThrow(
        /expected mean and variance \(3\)/,
      );
    });
  });
});
