import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { batchNorm, layerNorm } from '../../../src/backend/reference/norm.js';
import { type Draw, flag, kernel, oneOf, side, size } from './check.suite.js';
import { ANY, rounding, type Tolerance, U } from './tolerance.suite.js';

const positive = size.filter((count) => count > 0);
const EPS = [1e-5, 1e-5, 1e-3];

/** Of any size and offset, sometimes all alike, sometimes with a few that are not finite. */
function values(d: Draw, count: number): Float32Array {
  const offset = d.pick([0, 0, 1, -1000]);
  const scale = d.pick([1, 1, 1, 1e-3, 0]);
  const x = d.below(4) ? d.values(count, 2).map((v) => v * scale + offset) : d.wide(count);
  return d.below(6) === 0 ? d.sprinkle(x, 0.003, [NaN, Infinity, -Infinity]) : x;
}

/** Statistics of groups, and of which group element i is: rows, or channels of parts. */
interface Grouping {
  readonly count: number;
  readonly groups: number;
  groupOf(i: number): number;
}

/** Sums of `term` over each group. */
function sums(of: Grouping, length: number, term: (i: number) => number): Float64Array {
  const out = new Float64Array(of.groups);
  for (let i = 0; i < length; i++) out[of.groupOf(i)] += term(i);
  return out;
}

/** `off` where the result is finite; otherwise anything. */
const whereFinite = (expected: number, off: number) => (Number.isFinite(expected) ? off : ANY);

/** Rounding that a mean of `count` terms may suffer, in units of the mean of their sizes. */
const meanError = (count: number) => U * (6 + 2 * Math.sqrt(count));

interface ForwardTolerances {
  mean: Tolerance;
  variance: Tolerance;
  rstd: Tolerance;
  out(weight: Float32Array | null, bias: Float32Array | null, width: number): Tolerance;
}

function forwardTolerances(
  x: Float32Array,
  of: Grouping,
  mean: Float64Array,
  variance: Float64Array,
  eps: number,
  given: boolean,
): ForwardTolerances {
  const magnitude = sums(of, x.length, (i) => Math.abs(x[i]) / of.count);
  const offMean = (g: number) => (given ? 0 : meanError(of.count) * magnitude[g] + 2 ** -149);
  // A few roundings of each square, and a mean that is off by δ adds δ².
  const offVariance = (g: number) =>
    given ? 0 : 4 * meanError(of.count) * variance[g] + offMean(g) ** 2;
  const rstd = (g: number) => 1 / Math.sqrt(variance[g] + eps);
  const offRstd = (g: number) => (4 * U + 0.5 * offVariance(g) * rstd(g) ** 2) * rstd(g);
  return {
    mean: (g, expected) => whereFinite(expected, offMean(g)),
    variance: (g, expected) => whereFinite(expected, offVariance(g) + 2 * U * expected),
    rstd: (g, expected) => whereFinite(expected, offRstd(g)),
    out: (weight, bias, width) => (i, expected) => {
      const g = of.groupOf(i);
      if (!Number.isFinite(variance[g])) return Number.isFinite(x[i]) ? ANY : 0;
      const distance = Math.abs(x[i] - mean[g]);
      const normalised = offMean(g) * rstd(g) + distance * (offRstd(g) + 4 * U * rstd(g));
      const shift = bias ? Math.abs(bias[i % width]) : 0;
      return (
        1.01 * Math.abs(weight ? weight[i % width] : 1) * normalised +
        4 * U * (Math.abs(expected) + shift) +
        2 ** -148
      );
    },
  };
}

const LARGE_ROWS = [
  { rows: 700, cols: 200, affine: true, centred: true },
  { rows: 9, cols: 9001, affine: true, centred: false },
  { rows: 5001, cols: 17, affine: true, centred: true },
];

const rowsOf = (rows: number, cols: number): Grouping => ({
  count: cols,
  groups: rows,
  groupOf: (i) => Math.floor(i / cols),
});

function rowNorms(subject: Backend<unknown>): void {
  const shape = { rows: side, cols: positive, affine: flag, centred: flag };

  kernel(subject, 'layerNorm', shape, LARGE_ROWS, ({ rows, cols, affine, centred }, d) => {
    const x = values(d, rows * cols);
    const weight = affine ? d.values(cols) : null;
    const bias = affine && d.below(3) ? d.values(cols) : null;
    const eps = d.pick(EPS);
    const [mean, rstd] = [new Float64Array(rows), new Float64Array(rows)];
    layerNorm(new Float64Array(x.length), mean, rstd, x, null, null, rows, cols, 0, centred);
    const variance = rstd.map((r) => 1 / r ** 2);
    const near = forwardTolerances(x, rowsOf(rows, cols), mean, variance, eps, false);
    return {
      buffers: {
        out: d.room(x.length),
        mean: d.room(rows),
        rstd: d.room(rows),
        x,
        weight: weight ?? d.room(0),
        bias: bias ?? d.room(0),
      },
      run: (b, p) => {
        const [w, s] = [weight && p.weight, bias && p.bias];
        b.layerNorm(p.out, p.mean, p.rstd, p.x, w, s, rows, cols, eps, centred);
      },
      within: {
        out: near.out(weight, bias, cols),
        rstd: near.rstd,
        ...(centred ? { mean: near.mean } : {}),
      },
    };
  });

  const backward = { ...shape, wantDx: flag, wantAffine: flag };
  const large = LARGE_ROWS.map((s) => ({ ...s, wantDx: true, wantAffine: true }));
  kernel(subject, 'layerNormBackward', backward, large, (sizes, d) => {
    const { rows, cols, affine, centred, wantDx, wantAffine } = sizes;
    const x = d.values(rows * cols, d.pick([1, 100]));
    const dy = d.values(x.length, d.pick([1, 1e-4]));
    const weight = affine ? d.values(cols) : null;
    const [mean, rstd] = [new Float32Array(rows), new Float32Array(rows)];
    layerNorm(new Float64Array(x.length), mean, rstd, x, null, null, rows, cols, 1e-5, centred);
    if (!centred) mean.fill(NaN); // not to be looked at
    const of = rowsOf(rows, cols);
    const within = gradientTolerances(
      { x, dy, weight, width: cols, of },
      (i) => (x[i] - (centred ? mean[of.groupOf(i)] : 0)) * rstd[of.groupOf(i)],
      (i) => rstd[of.groupOf(i)],
    );
    return {
      buffers: {
        dx: d.room(x.length),
        dweight: d.room(cols),
        dbias: d.room(cols),
        dy,
        x,
        mean,
        rstd,
        weight: weight ?? d.room(0),
      },
      run: (b, p) => {
        const [dw, db] = [wantAffine ? p.dweight : null, wantAffine ? p.dbias : null];
        const w = weight && p.weight;
        b.layerNormBackward(
          ...([wantDx ? p.dx : null, dw, db, p.dy, p.x, p.mean, p.rstd, w] as const),
          ...([rows, cols, centred] as const),
        );
      },
      within: {
        ...(wantDx ? { dx: within.dx } : {}),
        ...(wantAffine ? { dweight: within.dweight, dbias: within.dbias } : {}),
      },
      inPlace: wantDx ? { dx: ['dy'] } : {},
    };
  });
}

interface Gradient {
  x: Float32Array;
  dy: Float32Array;
  weight: Float32Array | null;
  width: number;
  of: Grouping;
}

/** The three terms of dx may cancel, so that errors are relative to the sizes of all. */
function gradientTolerances(
  { dy, weight, width, of }: Gradient,
  normalised: (i: number) => number,
  rstd: (i: number) => number,
) {
  const gain = (i: number) => Math.abs(weight ? weight[i % width] : 1);
  const { count } = of;
  const g = sums(of, dy.length, (i) => (Math.abs(dy[i]) * gain(i)) / count);
  const gx = sums(of, dy.length, (i) => (Math.abs(dy[i] * normalised(i)) * gain(i)) / count);
  const columns = { count: dy.length / width, groups: width, groupOf: (i: number) => i % width };
  const products = sums(columns, dy.length, (i) => Math.abs(dy[i] * normalised(i)));
  const gradients = sums(columns, dy.length, (i) => Math.abs(dy[i]));
  const sizes = Float64Array.from(dy, (v, i) => {
    const group = of.groupOf(i);
    return rstd(i) * (Math.abs(v) * gain(i) + g[group] + Math.abs(normalised(i)) * gx[group]);
  });
  const long = 8 + 2 * Math.sqrt(columns.count);
  return {
    dx: rounding(8 + 2 * Math.sqrt(count), sizes),
    dweight: rounding(long, products),
    dbias: rounding(long, gradients),
  };
}

const LARGE_COLUMNS = [
  { parts: 1, rows: 700, channels: 200, affine: true, given: false },
  { parts: 3, rows: 2500, channels: 67, affine: true, given: false },
  { parts: 1, rows: 40_009, channels: 5, affine: true, given: true },
];

const columnsOf = (parts: number, rows: number, channels: number): Grouping => ({
  count: rows,
  groups: parts * channels,
  groupOf: (i) => Math.floor(i / (rows * channels)) * channels + (i % channels),
});

function columnNorms(subject: Backend<unknown>): void {
  const shape = { parts: oneOf(1, 1, 2, 3), rows: positive, channels: side, given: flag };
  const forward = { ...shape, affine: flag };

  kernel(subject, 'batchNorm', forward, LARGE_COLUMNS, (sizes, d) => {
    const { parts, rows, channels, affine, given } = sizes;
    const x = values(d, parts * rows * channels);
    const weight = affine ? d.values(channels) : null;
    const bias = affine && d.below(3) ? d.values(channels) : null;
    const eps = d.pick(EPS);
    const count = parts * channels;
    const [mean, variance] = [new Float64Array(count), new Float64Array(count)];
    const [meanIn, varianceIn] = given
      ? [d.values(count), d.values(count).map(Math.abs)]
      : [d.room(count), d.room(count)];
    mean.set(meanIn);
    variance.set(varianceIn);
    const scratch = new Float64Array(x.length);
    batchNorm(
      ...([scratch, mean, variance, x, null, null] as const),
      ...([parts, rows, channels, eps, given] as const),
    );
    const of = columnsOf(parts, rows, channels);
    const near = forwardTolerances(x, of, mean, variance, eps, given);
    return {
      buffers: {
        out: d.room(x.length),
        mean: meanIn,
        variance: varianceIn,
        x,
        weight: weight ?? d.room(0),
        bias: bias ?? d.room(0),
      },
      run: (b, p) => {
        const [w, s] = [weight && p.weight, bias && p.bias];
        const last = [parts, rows, channels, eps, given] as const;
        b.batchNorm(p.out, p.mean, p.variance, p.x, w, s, ...last);
      },
      within: {
        out: near.out(weight, bias, channels),
        ...(given ? {} : { mean: near.mean, variance: near.variance }),
      },
    };
  });

  const backward = { ...forward, wantDx: flag, wantAffine: flag };
  const large = LARGE_COLUMNS.map((s) => ({ ...s, wantDx: true, wantAffine: true }));
  kernel(subject, 'batchNormBackward', backward, large, (sizes, d) => {
    const { parts, rows, channels, affine, given, wantDx, wantAffine } = sizes;
    const x = d.values(parts * rows * channels, d.pick([1, 100]));
    const dy = d.values(x.length, d.pick([1, 1e-4]));
    const weight = affine ? d.values(channels) : null;
    const count = parts * channels;
    const [mean, variance] = [d.values(count), d.values(count).map(Math.abs)];
    if (!given) {
      const last = [parts, rows, channels, 0, false] as const;
      batchNorm(new Float64Array(x.length), mean, variance, x, null, null, ...last);
    }
    const of = columnsOf(parts, rows, channels);
    const rstd = (i: number) => 1 / Math.sqrt(variance[of.groupOf(i)] + 1e-5);
    const within = gradientTolerances(
      { x, dy, weight, width: channels, of },
      (i) => (x[i] - mean[of.groupOf(i)]) * rstd(i),
      rstd,
    );
    return {
      buffers: {
        dx: d.room(x.length),
        dweight: d.room(channels),
        dbias: d.room(channels),
        dy,
        x,
        mean,
        variance,
        weight: weight ?? d.room(0),
      },
      run: (b, p) => {
        const [dw, db] = [wantAffine ? p.dweight : null, wantAffine ? p.dbias : null];
        const w = weight && p.weight;
        b.batchNormBackward(
          ...([wantDx ? p.dx : null, dw, db, p.dy, p.x, p.mean, p.variance, w] as const),
          ...([parts, rows, channels, 1e-5, given] as const),
        );
      },
      within: {
        ...(wantDx ? { dx: within.dx } : {}),
        ...(wantAffine ? { dweight: within.dweight, dbias: within.dbias } : {}),
      },
      inPlace: wantDx ? { dx: ['dy'] } : {},
    };
  });
}

export function normSuite(subject: Backend<unknown>): void {
  describe('normalisation', () => {
    rowNorms(subject);
    columnNorms(subject);
  });
}
