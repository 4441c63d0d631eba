import { describe, it } from 'vitest';
import { type Backend, matmulSize } from '../../../src/backend/backend.js';
import { matmul } from '../../../src/backend/reference/matmul.js';
import { type Case, check, Draw, flag, kernel, oneOf } from './check.suite.js';
import { absolute, summing } from './tolerance.suite.js';

/** Dimensions about the sizes of a register tile, of a vector, and of a small block. */
const dimension = oneOf(
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 23, 31, 32, 33, 47, 48, 49, 63, 64, 65, 97],
);

interface Product extends Record<string, number | boolean> {
  m: number;
  n: number;
  k: number;
  transA: boolean;
  transB: boolean;
}

interface Settings {
  alpha: number;
  accumulate: boolean;
  bias: boolean;
  batch: number;
  /** Of one a, or one b, for the whole batch. */
  sharedA: boolean;
  sharedB: boolean;
  /** Elements between a row's end and the next row's beginning. */
  gap: number;
  specials: boolean;
}

const PLAIN: Settings = {
  alpha: 1,
  accumulate: false,
  bias: false,
  batch: 1,
  sharedA: false,
  sharedB: false,
  gap: 0,
  specials: false,
};

/** A stored matrix of (rows, cols) for each item of a batch, with NaN in the gaps between rows. */
function stored(d: Draw, rows: number, cols: number, settings: Settings, shared: boolean) {
  const ld = cols + d.below(settings.gap + 1);
  const stride = shared ? 0 : rows * ld + d.below(settings.gap + 1);
  const items = shared ? Math.min(1, settings.batch) : settings.batch;
  const last = rows === 0 || cols === 0 ? 0 : (rows - 1) * ld + cols;
  const length = items === 0 ? 0 : (items - 1) * stride + last;
  const values = d.room(length);
  for (let item = 0; item < items; item++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) values[item * stride + r * ld + c] = 2 * d.unit() - 1;
    }
  }
  return { values, ld, stride };
}

function product(size: Product, d: Draw, settings: Settings): Case<'out' | 'a' | 'b' | 'bias'> {
  const { m, n, k, transA, transB } = size;
  const { alpha, accumulate, batch } = settings;
  const a = stored(d, transA ? k : m, transA ? m : k, settings, settings.sharedA);
  const b = stored(d, transB ? n : k, transB ? k : n, settings, settings.sharedB);
  const out = stored(d, m, n, settings, false);
  if (!accumulate) out.values.fill(NaN);
  if (settings.specials && a.values.length > 0 && b.values.length > 0) {
    a.values[d.below(a.values.length)] = d.pick([NaN, Infinity, -Infinity]);
    b.values[d.below(b.values.length)] = d.pick([NaN, Infinity, -Infinity]);
  }
  const bias = d.values(n);
  // The same product of absolute values: what its roundings are relative to.
  const magnitude = absolute(out.values);
  const lie = { lda: a.ld, ldb: b.ld, ldo: out.ld, transA, transB };
  const strides = { strideA: a.stride, strideB: b.stride, strideOut: out.stride };
  const sizes = matmulSize({ m, n, k, ...lie, alpha, accumulate, batch, ...strides });
  const positive = { ...sizes, alpha: Math.abs(alpha) };
  const absoluteBias = settings.bias ? absolute(bias) : null;
  matmul(magnitude, absolute(a.values), absolute(b.values), absoluteBias, positive);
  return {
    buffers: { out: out.values, a: a.values, b: b.values, bias },
    run: (backend, p) => backend.matmul(p.out, p.a, p.b, settings.bias ? p.bias : null, sizes),
    within: { out: summing(k, magnitude) },
  };
}

const dimensions = { m: dimension, n: dimension, k: dimension, transA: flag, transB: flag };
/** In all four transpositions. */
const fourWays = (m: number, n: number, k: number): Product[] =>
  [false, true].flatMap((transA) => [false, true].map((transB) => ({ m, n, k, transA, transB })));

export function matmulSuite(subject: Backend<unknown>): void {
  describe('matrix product', () => {
    kernel(
      subject,
      'op(a) · op(b)',
      dimensions,
      // Larger than the blocks in which a fast product goes through memory, and odd; a large output.
      [...fourWays(131, 277, 401), ...fourWays(265, 269, 5)],
      (size, d) => product(size, d, PLAIN),
    );

    kernel(
      subject,
      'alpha, accumulate, bias, gaps between rows',
      dimensions,
      [...fourWays(101, 203, 130)],
      (size, d) =>
        product(size, d, {
          ...PLAIN,
          alpha: d.pick([1, -0.5, 0.125, 3]),
          accumulate: d.below(2) === 1,
          bias: d.below(2) === 1,
          gap: 5,
        }),
    );

    kernel(
      subject,
      'batches, with shared operands',
      { ...dimensions, batch: oneOf(0, 1, 2, 3, 5, 9) },
      [
        { m: 65, n: 67, k: 33, transA: false, transB: true, batch: 19 },
        { m: 1, n: 97, k: 64, transA: true, transB: false, batch: 800 },
      ],
      ({ batch, ...size }, d) =>
        product(size, d, {
          ...PLAIN,
          batch,
          sharedA: d.below(3) === 0,
          sharedB: d.below(3) === 0,
          accumulate: d.below(2) === 1,
          bias: d.below(3) === 0,
          alpha: d.pick([1, 0.25]),
          gap: 3,
        }),
    );

    kernel(
      subject,
      'NaN and infinity reach their row or column, and no other',
      dimensions,
      fourWays(70, 130, 90),
      (size, d) => product(size, d, { ...PLAIN, specials: true, gap: d.below(4) }),
    );

    // Shapes of models: one row (generation), one column, long sums, thin outputs.
    for (const [m, n, k] of [
      [1, 3001, 65],
      [1, 65, 3001],
      [3001, 1, 65],
      [2, 1201, 200],
      [100, 35, 700],
      [5, 7, 10_011],
      [33, 65, 5001],
      [100, 301, 50],
    ]) {
      it(`(${m}, ${k}) · (${k}, ${n})`, () => {
        for (const size of fourWays(m, n, k)) {
          const added = { ...PLAIN, alpha: -0.5, accumulate: true, bias: true, gap: 3 };
          const settings = size.transA === size.transB ? PLAIN : added;
          check(subject, product(size, new Draw(m + n, 0), settings), 1);
        }
      });
    }

    it('is the same bit for bit on 1, 2 and 3 threads, whatever the shape', () => {
      for (const [m, n, k] of [
        [513, 17, 700],
        [17, 1030, 300],
        [1, 9000, 31],
        [33, 65, 9001],
      ]) {
        const d = new Draw(m, 0);
        const a = d.values(m * k);
        const b = d.values(k * n);
        const bits = [1, 2, 3].map((threads) => withThreads(subject, threads, a, b, m, n, k));
        for (const other of bits.slice(1)) {
          for (let i = 0; i < other.length; i++) {
            if (other[i] !== bits[0][i])
              throw new Error(`out[${i}]: ${other[i]} and ${bits[0][i]}`);
          }
        }
      }
    });
  });
}

function withThreads(
  backend: Backend<unknown>,
  threads: number,
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
): Float32Array {
  const before = backend.threads;
  const out = new Float32Array(m * n);
  const pointers = [a, b, out].map((values) => {
    const pointer = backend.alloc('float32', values.length);
    backend.write(pointer, 'float32', values);
    return pointer;
  });
  const [pa, pb, po] = pointers;
  backend.setThreads(threads);
  backend.matmul(po, pa, pb, null, matmulSize({ m, n, k }));
  backend.setThreads(before);
  backend.read(po, 'float32', out);
  for (const pointer of pointers) backend.free(pointer);
  return out;
}
