/**
 * The kernels' matrix product against a plain one in double precision: every transposition, sizes on
 * either side of each block and vector, sub-blocks of larger matrices, batches, NaN and infinity, and
 * the same bits on any number of threads. backend.suite.ts covers what is common to all backends.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernels, named } from '../../test/suites/backends.js';
import { Generator } from '../util/random.js';
import type { Backend } from './backend.js';

interface Case {
  m: number;
  n: number;
  k: number;
  transA: boolean;
  transB: boolean;
  bias: boolean;
  accumulate: boolean;
  alpha: number;
  batch: number;
  sharedA: boolean;
  sharedB: boolean;
  /** How much longer a stored row is than what is used of it. */
  padA: number;
  padB: number;
  padOut: number;
  seed: number;
}

/** Everything about where the numbers of a case lie. */
function layout(c: Case) {
  const [rowsA, widthA] = c.transA ? [c.k, c.m] : [c.m, c.k];
  const [rowsB, widthB] = c.transB ? [c.n, c.k] : [c.k, c.n];
  const [lda, ldb, ldo] = [widthA + c.padA, widthB + c.padB, c.n + c.padOut];
  const strideA = c.sharedA ? 0 : rowsA * lda;
  const strideB = c.sharedB ? 0 : rowsB * ldb;
  const strideOut = c.m * ldo;
  const sizeA = strideA * (c.batch - 1) + rowsA * lda;
  const sizeB = strideB * (c.batch - 1) + rowsB * ldb;
  return { lda, ldb, ldo, strideA, strideB, strideOut, sizeA, sizeB, sizeOut: strideOut * c.batch };
}

function randomFloats(generator: Generator, length: number): Float32Array {
  return Float32Array.from({ length }, () => generator.uniform() * 2 - 1);
}

function operands(c: Case) {
  const { sizeA, sizeB, sizeOut } = layout(c);
  const generator = new Generator(c.seed);
  return {
    a: randomFloats(generator, sizeA),
    b: randomFloats(generator, sizeB),
    bias: randomFloats(generator, c.n),
    // What is not read must not matter: NaN would show.
    before: c.accumulate
      ? randomFloats(generator, sizeOut)
      : new Float32Array(sizeOut).fill(Number.NaN),
  };
}

type Operands = ReturnType<typeof operands>;

/** The backend of C kernels whose turn it is. */
let backend: Backend<number>;

function upload(values: Float32Array): number {
  const pointer = backend.alloc('float32', Math.max(1, values.length));
  backend.write(pointer, 'float32', values);
  return pointer;
}

function multiply(c: Case, { a, b, bias, before }: Operands, threads: number): Float32Array {
  const { lda, ldb, ldo, strideA, strideB, strideOut, sizeOut } = layout(c);
  const [pa, pb, pBias, pOut] = [a, b, bias, before].map(upload);
  backend.setThreads(threads);
  const { m, n, k, transA, transB, alpha, accumulate, batch } = c;
  const sizes = { m, n, k, transA, transB, alpha, accumulate, batch };
  const lie = { lda, ldb, ldo, strideA, strideB, strideOut };
  backend.matmul(pOut, pa, pb, c.bias ? pBias : null, { ...sizes, ...lie });
  const out = new Float32Array(sizeOut);
  backend.read(pOut, 'float32', out);
  for (const pointer of [pa, pb, pBias, pOut]) backend.free(pointer);
  return out;
}

/**
 * Throws unless every number is within k roundings of the exact one, and none beside them changed. Of a
 * large product, rows some way apart are looked at, over their whole length, and the last.
 */
function check(c: Case, { a, b, bias, before }: Operands, out: Float32Array): void {
  const { lda, ldb, ldo, strideA, strideB, strideOut } = layout(c);
  const [stepA, alongA] = c.transA ? [1, lda] : [lda, 1];
  const [stepB, alongB] = c.transB ? [ldb, 1] : [1, ldb];
  const apart = Math.max(1, Math.round((c.batch * c.m * c.n * c.k) / 2e7));
  for (let item = 0; item < c.batch; item++) {
    for (let i = (c.m - 1) % apart; i < c.m; i += apart) {
      const row = item * strideOut + i * ldo;
      for (let j = 0; j < c.n; j++) {
        let sum = 0;
        let size = 0;
        for (let p = 0; p < c.k; p++) {
          const x = a[item * strideA + i * stepA + p * alongA];
          const term = x * b[item * strideB + j * stepB + p * alongB];
          sum += term;
          size += Math.abs(term);
        }
        const added = (c.accumulate ? before[row + j] : 0) + (c.bias ? bias[j] : 0);
        const wanted = c.alpha * sum + added;
        const bound = (c.k + 4) * 2 ** -24 * (Math.abs(c.alpha) * size + 2) + 1e-37;
        const got = out[row + j];
        const right = Number.isFinite(wanted)
          ? Math.abs(got - wanted) <= bound
          : Object.is(got, wanted);
        if (!right) throw new Error(`item ${item}, [${i}, ${j}]: expected ${wanted}, got ${got}`);
      }
      for (let j = c.n; j < ldo; j++) {
        if (!Object.is(out[row + j], before[row + j])) throw new Error('wrote beside the result');
      }
    }
  }
}

/** The middle of a plain product: what most tests change one thing of. */
const plain: Omit<Case, 'm' | 'n' | 'k'> = {
  transA: false,
  transB: false,
  bias: false,
  accumulate: false,
  alpha: 1,
  batch: 1,
  sharedA: false,
  sharedB: false,
  padA: 0,
  padB: 0,
  padOut: 0,
  seed: 1,
};

const TRANSPOSITIONS = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

// Around the vectors, the tiles (14 rows, 32 columns on AVX-512; 6 and 16 on AVX2; 4 and 8 in WebAssembly), and larger.
const SIZES = [0, 1, 2, 3, 5, 6, 7, 8, 13, 14, 15, 16, 17, 29, 31, 32, 33, 48, 64, 65, 100];
const size = fc.oneof(fc.constantFrom(...SIZES), fc.integer({ min: 0, max: 130 }));
const pad = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 }));

const anyCase: fc.Arbitrary<Case> = fc.record({
  m: size,
  n: size,
  k: fc.oneof(size, fc.constantFrom(200, 511, 512, 513, 1025)),
  transA: fc.boolean(),
  transB: fc.boolean(),
  bias: fc.boolean(),
  accumulate: fc.boolean(),
  alpha: fc.constantFrom(1, 1, -0.5, 2),
  batch: fc.constantFrom(1, 1, 1, 2, 5),
  sharedA: fc.boolean(),
  sharedB: fc.boolean(),
  padA: pad,
  padB: pad,
  padOut: pad,
  seed: fc.nat(),
});

describe.each(named(kernels))('matmul on the %s backend', (_, given) => {
  const threadsBefore = given.threads;
  beforeAll(() => {
    backend = given as Backend<number>;
  });
  afterAll(() => given.setThreads(threadsBefore));

  it('is the product, whatever the shapes and options', () => {
    fc.assert(
      fc.property(anyCase, fc.constantFrom(1, 2), (c, threads) => {
        const given = operands(c);
        check(c, given, multiply(c, given, threads));
      }),
      { numRuns: 250 },
    );
  });

  // One for each way of cutting a product: whole panels shared, b packed for all, a deep sum in parts,
  // items of a batch, and rows past several blocks.
  const CUTS: readonly [string, Partial<Case> & { m: number; n: number; k: number }][] = [
    ['a shared, many columns', { m: 45, n: 1543, k: 67, bias: true }],
    ['a and b shared', { m: 203, n: 205, k: 519, accumulate: true }],
    ['b shared, many rows', { m: 1609, n: 215, k: 515, padB: 3 }],
    ['few columns to a thread', { m: 40, n: 130, k: 201, bias: true }],
    ['wide, a in passes of a block', { m: 301, n: 1100, k: 1030, bias: true, padOut: 5 }],
    ['b shared, in several pieces', { m: 521, n: 2083, k: 600 }],
    ['a deep sum', { m: 37, n: 41, k: 9001, bias: true, accumulate: true, alpha: 0.5 }],
    ['a batch of small items', { m: 64, n: 65, k: 33, batch: 12, padOut: 5 }],
    ['a batch of large items', { m: 129, n: 257, k: 130, batch: 3, sharedB: true }],
  ];
  for (const [name, sizes] of CUTS) {
    for (const [transA, transB] of TRANSPOSITIONS) {
      const transposed = `${transA ? 'aᵀ' : 'a'}·${transB ? 'bᵀ' : 'b'}`;
      it(`is right, and the same bit for bit on 1, 2, 3 and 5 threads: ${name}, ${transposed}`, () => {
        const c: Case = { ...plain, ...sizes, transA, transB };
        const given = operands(c);
        const out = multiply(c, given, 1);
        check(c, given, out);
        const bits = Buffer.from(out.buffer);
        for (const threads of [2, 3, 5]) {
          const same = Buffer.from(multiply(c, given, threads).buffer).equals(bits);
          expect(same, `${threads} threads`).toBe(true);
        }
      });
    }
  }

  it('lets NaN and infinity through, to their row or column and nowhere else', () => {
    for (const [transA, transB] of TRANSPOSITIONS) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const c: Case = { ...plain, m: 31, n: 39, k: 45, transA, transB };
        const given = operands(c);
        given.a[7 * (transA ? 1 : 45) + 3 * (transA ? 31 : 1)] = value; // op(a)[7, 3]
        check(c, given, multiply(c, given, 2));
        given.b.fill(0); // NaN · 0 and ∞ · 0 are NaN: no term is left out
        const out = multiply(c, given, 2);
        expect([...out].filter(Number.isNaN)).toHaveLength(39);
        expect(out[7 * 39]).toBeNaN();
      }
    }
  });

  it('is the bias, or what was there, or zero, when there is nothing to sum', () => {
    for (const bias of [false, true]) {
      for (const accumulate of [false, true]) {
        const c: Case = { ...plain, m: 3, n: 5, k: 0, bias, accumulate };
        const given = operands(c);
        check(c, given, multiply(c, given, 2));
      }
    }
  });
});
