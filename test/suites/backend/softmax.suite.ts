import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { crossEntropy, softmax } from '../../../src/backend/reference/softmax.js';
import { type Draw, flag, kernel, oneOf, positiveSize, side, size } from './check.suite.js';
import {
  ANY,
  anything,
  exact,
  rounding,
  TINY,
  type Tolerance,
  U,
  ulps,
} from './tolerance.suite.js';

const IGNORED = -100;
const rowsAndCols = { rows: side, cols: size };
const LARGE_ROWS = [
  { rows: 700, cols: 101 },
  { rows: 2, cols: 50_281 },
];

/** Logits as they are met, far apart ones, and now and then −∞ (a mask), NaN or +∞. */
function logits(d: Draw, count: number): Float32Array {
  const x = d.values(count, d.pick([1, 1, 10, 300]));
  if (d.below(3) === 0) return d.sprinkle(x, 0.1, [-Infinity, -1e30, 1e4]);
  if (d.below(5) === 0) return d.sprinkle(x, 0.01, [NaN, Infinity]);
  return x;
}

/** log Σ exp of the row in which element i lies. */
function rowLse(x: Float32Array, cols: number): (i: number) => number {
  const rows = cols === 0 ? 0 : x.length / cols;
  const [losses, lse] = [new Float64Array(rows), new Float64Array(2 * rows)];
  crossEntropy(losses, lse, x, cols, new Int32Array(rows), rows, cols, 0, IGNORED);
  return (i) => {
    const r = Math.floor(i / cols);
    return lse[2 * r] + lse[2 * r + 1];
  };
}

function softmaxes(subject: Backend<unknown>): void {
  for (const log of [false, true]) {
    const title = log ? 'log-softmax' : 'softmax';

    kernel(subject, title, rowsAndCols, LARGE_ROWS, ({ rows, cols }, d) => {
      const x = logits(d, rows * cols);
      const lse = rowLse(x, cols);
      // x − max is rounded, which is an error relative to exp(x − max).
      const within: Tolerance = (i, y) =>
        log
          ? 6 * U * (2 + Math.abs(y) + Math.abs(x[i] - lse(i)))
          : 2 * U * (6 + Math.min(200, Math.abs(x[i] - lse(i)) + Math.log(cols))) * y + 2 * TINY;
      return {
        buffers: { out: d.room(x.length), x },
        run: (b, p) => b.softmax(p.out, p.x, rows, cols, log),
        within: { out: within },
        inPlace: { out: ['x'] },
      };
    });

    kernel(subject, `${title}, its gradient`, rowsAndCols, LARGE_ROWS, ({ rows, cols }, d) => {
      const y = new Float32Array(rows * cols);
      softmax(y, logits(d, rows * cols), rows, cols, log);
      const dy = d.values(rows * cols);
      const magnitude = new Float64Array(rows * cols);
      for (let r = 0; r < rows; r++) {
        let total = 0;
        for (let i = r * cols; i < (r + 1) * cols; i++)
          total += Math.abs(log ? dy[i] : dy[i] * y[i]);
        for (let i = r * cols; i < (r + 1) * cols; i++) {
          magnitude[i] = log
            ? Math.abs(dy[i]) + Math.exp(y[i]) * total
            : y[i] * (Math.abs(dy[i]) + total);
        }
      }
      return {
        buffers: { dx: d.room(y.length), dy, y },
        run: (b, p) => b.softmaxBackward(p.dx, p.dy, p.y, rows, cols, log),
        within: { dx: rounding(8 + 2 * Math.sqrt(cols), magnitude) },
        inPlace: { dx: ['dy'] },
      };
    });
  }
}

/** Targets of which some are ignored, sometimes all; `ignore` may be a class of its own right. */
function targets(d: Draw, rows: number, cols: number, ignore: number): Int32Array {
  const rate = d.pick([0, 0.3, 1]);
  return d.ints(rows, cols).map((target) => (d.unit() < rate ? ignore : target));
}

/** Parts of one to some columns each, sometimes with many, of rows that are `ld` apart. */
function cutColumns(d: Draw, parts: number, gap: number): { bounds: Int32Array; ld: number } {
  const bounds = new Int32Array(parts + 1);
  const most = parts < 4 ? d.pick([3, 40, 5000]) : 5;
  for (let p = 0; p < parts; p++) bounds[p + 1] = bounds[p]! + 1 + d.below(most);
  return { bounds, ld: bounds[parts]! + gap };
}

/** How far each element is below the greatest of its part; 0 between rows. */
function belowGreatest(x: Float32Array, bounds: Int32Array, ld: number): Float64Array {
  const below = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += ld) {
    for (let p = 0; p + 1 < bounds.length; p++) {
      const [begin, end] = [row + bounds[p]!, row + bounds[p + 1]!];
      const greatest = x.subarray(begin, end).reduce((a, v) => (v > a ? v : a), -Infinity);
      for (let i = begin; i < end; i++) below[i] = greatest - x[i]!;
    }
  }
  return below;
}

const SMOOTHING = [0, 0, 0.1, 1];

function losses(subject: Backend<unknown>): void {
  const shape = { rows: side, cols: positiveSize, gap: oneOf(0, 0, 3) };
  const large = LARGE_ROWS.map((s) => ({ ...s, gap: 1 }));

  kernel(subject, 'crossEntropy', shape, large, ({ rows, cols, gap }, d) => {
    const ld = cols + gap;
    const x = logits(d, rows * ld);
    const smoothing = d.pick(SMOOTHING);
    const ignore = d.pick([IGNORED, 0]);
    const target = targets(d, rows, cols, ignore);
    // lse is as good as its sum of exponentials; the mean of the logits as good as their size.
    const greatest = x.reduce((a, v) => Math.max(a, Number.isFinite(v) ? Math.abs(v) : 0), 0);
    const lossWithin: Tolerance = (_, loss) =>
      8 * U * (2 + Math.abs(loss) + (smoothing * greatest) / Math.sqrt(cols));
    const lseWithin: Tolerance = (i, lse) =>
      target[Math.floor(i / 2)] === ignore ? ANY : 8 * U * (2 + Math.abs(lse));
    return {
      buffers: { losses: d.room(rows), lse: d.room(2 * rows), x, target },
      run: (b, p) =>
        b.crossEntropy(p.losses, p.lse, p.x, ld, p.target, rows, cols, smoothing, ignore),
      within: { losses: lossWithin, lse: lseWithin },
    };
  });

  kernel(
    subject,
    'crossEntropy names the first target that is out of range',
    { rows: side, cols: positiveSize },
    [],
    ({ rows, cols }, d) => {
      const target = d.ints(rows, cols).map((t) => (d.unit() < 0.1 ? IGNORED : t));
      target[d.below(rows)] = d.pick([cols, -1, -99, 2 ** 31 - 1, -(2 ** 31)]);
      target[d.below(rows)] = d.pick([cols, cols + 7]);
      return {
        buffers: { losses: d.room(rows), lse: d.room(2 * rows), x: d.values(rows * cols), target },
        run: (b, p) => b.crossEntropy(p.losses, p.lse, p.x, cols, p.target, rows, cols, 0, IGNORED),
        within: { losses: anything, lse: anything },
      };
    },
  );

  kernel(subject, 'meanLoss', { rows: size }, { rows: 80_001 }, ({ rows }, d) => {
    const target = targets(d, rows, 5, IGNORED);
    return {
      buffers: {
        out: d.room(2),
        losses: d.values(rows).map((v, i) => (target[i] === IGNORED ? 0 : Math.abs(v))),
        target,
      },
      run: (b, p) => b.meanLoss(p.out, p.losses, p.target, rows, IGNORED),
      within: { out: ulps(2) },
    };
  });

  const inParts = { rows: side, parts: positiveSize, gap: oneOf(0, 0, 3) };
  const largeParts = [
    { rows: 300, parts: 3, gap: 1 },
    { rows: 3, parts: 700, gap: 0 },
  ];

  kernel(subject, 'expParts', inParts, largeParts, ({ rows, parts, gap }, d) => {
    const { bounds, ld } = cutColumns(d, parts, gap);
    const x = logits(d, rows * ld);
    const below = belowGreatest(x, bounds, ld);
    const sums = d.room(2 * rows * parts);
    // x − max is rounded, which is an error relative to exp(x − max). What lies between rows stays as it was.
    const within: Tolerance = (i, y) =>
      i % ld < bounds[parts]! ? 2 * U * (6 + Math.min(200, below[i]!)) * y + 2 * TINY : 0;
    return {
      buffers: { x, sums, bounds },
      run: (b, p) => b.expParts(p.x, p.sums, ld, p.bounds, rows, parts),
      within: {
        x: within,
        // A term is as good as the difference from the maximum that it is made of, and small where that is great.
        sums: (i, sum) => (i % 2 === 0 ? 0 : 16 * U * Math.abs(sum)),
      },
    };
  });

  kernel(subject, 'scaleParts', inParts, largeParts, ({ rows, parts, gap }, d) => {
    const { bounds, ld } = cutColumns(d, parts, gap);
    return {
      buffers: { x: d.values(rows * ld), factors: d.wide(rows * parts), bounds },
      run: (b, p) => b.scaleParts(p.x, ld, p.factors, p.bounds, rows, parts),
      within: { x: ulps(1) },
    };
  });

  kernel(
    subject,
    'crossEntropyBackward, in blocks of columns',
    { ...shape, whole: flag },
    large.map((s) => ({ ...s, whole: true })),
    ({ rows, cols, gap, whole }, d) => {
      const column0 = whole ? 0 : d.below(9);
      const vocab = whole ? cols : column0 + cols + d.below(9);
      const ld = cols + gap;
      const all = d.values(rows * vocab, d.pick([1, 10, 1e5]));
      const smoothing = d.pick(SMOOTHING);
      const ignore = d.pick([IGNORED, 0]);
      const target = targets(d, rows, vocab, ignore);
      const lse = new Float32Array(2 * rows);
      crossEntropy(new Float32Array(rows), lse, all, vocab, target, rows, vocab, 0, ignore);
      const x = d.room(rows * ld);
      for (let r = 0; r < rows; r++) {
        x.set(all.subarray(r * vocab + column0, r * vocab + column0 + cols), r * ld);
      }
      const [dloss, count] = [d.wide(1), Float32Array.of(d.pick([1, 3, rows]))];
      const within: Tolerance = (i) => {
        const r = Math.floor(i / ld);
        const logProbability = x[i] - lse[2 * r] - lse[2 * r + 1];
        const p = Math.exp(logProbability) * (1 + Math.abs(logProbability));
        const wanted = smoothing / vocab + (target[r] === column0 + (i % ld) ? 1 : 0);
        return 8 * (U * (p + wanted) + TINY) * Math.abs(dloss[0] / count[0]) + TINY;
      };
      return {
        buffers: { dx: d.room(x.length), x, lse, target, dloss, count },
        run: (b, p) =>
          b.crossEntropyBackward(
            p.dx,
            p.x,
            ld,
            p.lse,
            p.target,
            ...([rows, cols, column0, vocab, smoothing, ignore] as const),
            p.dloss,
            p.count,
          ),
        within: { dx: within },
        inPlace: { dx: ['x'] },
      };
    },
  );

  kernel(
    subject,
    'crossEntropyBackward of nothing but ignored rows',
    { rows: side },
    [],
    ({ rows }, d) => ({
      buffers: {
        dx: d.room(rows * 5),
        x: d.values(rows * 5),
        lse: d.room(2 * rows),
        target: new Int32Array(rows).fill(IGNORED),
        dloss: Float32Array.of(1),
        count: Float32Array.of(0),
      },
      run: (b, p) =>
        b.crossEntropyBackward(
          ...([
            p.dx,
            p.x,
            5,
            p.lse,
            p.target,
            rows,
            5,
            0,
            5,
            0,
            IGNORED,
            p.dloss,
            p.count,
          ] as const),
        ),
      within: { dx: exact },
    }),
  );
}

export function softmaxSuite(subject: Backend<unknown>): void {
  describe('softmax', () => softmaxes(subject));
  describe('cross-entropy', () => losses(subject));
}
