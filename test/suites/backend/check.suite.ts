/**
 * How a kernel is tested: what it should compute is computed by the reference backend in double
 * precision, on memory with guard bands on both sides, over sizes and values that are drawn.
 *
 *     kernel(subject, 'scaleBy', { count: size }, { count: LARGE }, ({ count }, draw) => ({
 *       buffers: { out: draw.room(count), x: draw.values(count), scale: draw.values(1) },
 *       run: (b, p) => b.scaleBy(p.out, p.x, p.scale, count),
 *       within: { out: exact },
 *       inPlace: { out: ['x'] },
 *     }));
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { ReferenceBackend } from '../../../src/backend/reference.js';
import { ANY, type Tolerance } from './tolerance.suite.js';

export type Values = Float32Array | Int32Array;

/** Several vectors' worth on either side of every buffer. */
const GUARD = 96;
const FLOAT_SENTINEL = -12345.625; // of no meaning to any kernel, and finite, so that it would show in a sum
const INT_SENTINEL = -559038737;

/** Draws the same cases on every run, so that a failure can be had again; set it to draw others. */
const SEED = Number(process.env['NANOGPT_TEST_SEED'] ?? 1);
const RUNS = 40;

/** Above the least size that the native backend gives to several threads, and odd. */
export const LARGE = 70_001;

/** Element counts about the widths of vectors and unrolled loops, and any others up to 600. */
export const size: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(
    ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257],
  ),
  fc.integer({ min: 0, max: 600 }),
);
export const positiveSize = size.filter((count) => count > 0);
/** One side of a matrix, one dimension of a tensor. */
export const side: fc.Arbitrary<number> = fc.constantFrom(
  ...[0, 1, 2, 3, 4, 5, 7, 8, 13, 15, 16, 17, 24, 31, 32, 33, 48, 65],
);
export const flag = fc.boolean();
/** One of these. */
export const oneOf = (...values: number[]): fc.Arbitrary<number> => fc.constantFrom(...values);

/** Makes the values of a case out of its seed. */
export class Draw {
  #state: number;
  /** Elements by which the buffers are moved away from an aligned address. */
  readonly shift: number;

  constructor(seed: number, shift: number) {
    this.#state = seed | 0;
    this.shift = shift;
  }

  /** In [0, 1). Mulberry32 (T. Ettinger): short, quick, and not the generator that is under test. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to n − 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** Uninitialised memory, for outputs: NaN, so that what is left unwritten shows. */
  room(count: number): Float32Array {
    return new Float32Array(count).fill(NaN);
  }

  intRoom(count: number): Int32Array {
    return new Int32Array(count).fill(-1);
  }

  /** About normal, with standard deviation `scale`. */
  values(count: number, scale = 1): Float32Array {
    const next = () => 2 * scale * (this.unit() + this.unit() + this.unit() - 1.5);
    return new Float32Array(count).map(next);
  }

  /** Of either sign and of every magnitude from 10⁻⁶ to 10⁶. */
  wide(count: number): Float32Array {
    const next = () => (this.unit() < 0.5 ? -1 : 1) * 10 ** (12 * this.unit() - 6);
    return new Float32Array(count).map(next);
  }

  /** Each of `from` with the same probability. */
  among(count: number, from: readonly number[]): Float32Array {
    return new Float32Array(count).map(() => this.pick(from));
  }

  ints(count: number, below: number): Int32Array {
    return new Int32Array(count).map(() => this.below(below));
  }

  /** Puts values of `from` in, at about `rate` of the places; NaN of either sign. */
  sprinkle(values: Float32Array, rate: number, from: readonly number[]): Float32Array {
    const mixed = values.map((value) => (this.unit() < rate ? this.pick(from) : value));
    const bits = new Uint32Array(mixed.buffer);
    mixed.forEach((value, i) => {
      // JavaScript makes one NaN only; processors make others, ∞ − ∞ on x86 a negative one.
      if (Number.isNaN(value)) bits[i] = this.pick([0x7fc00000, 0xffc00000, 0x7fc01234]);
    });
    return mixed;
  }
}

export interface Case<Name extends string> {
  /** What each buffer holds before the call. */
  buffers: Record<Name, Values>;
  run(backend: Backend<unknown>, pointers: Record<Name, unknown>): unknown;
  /** How near each output must come to the oracle's. What is not named here must not change. */
  within: Partial<Record<Name, Tolerance>>;
  /** Of the returned number; without it, it must be the oracle's to the bit. */
  returned?: Tolerance;
  /** For an output, the inputs that it may take the place of: tried one after another. */
  inPlace?: Partial<Record<Name, readonly Name[]>>;
}

const oracle = new ReferenceBackend({ precision: 'float64' }) as Backend<unknown>;

/** Runs a case on a backend. `moved`: outputs that take another buffer's place. */
function execute<Name extends string>(
  backend: Backend<unknown>,
  test: Case<Name>,
  shift: number,
  moved: Partial<Record<Name, Name>> = {},
) {
  const names = Object.keys(test.buffers) as Name[];
  const allocated: unknown[] = [];
  const pointers = {} as Record<Name, unknown>;
  for (const name of names) {
    const values = test.buffers[name];
    const dtype = values instanceof Int32Array ? 'int32' : 'float32';
    const total = values.length + shift + 2 * GUARD;
    const memory = backend.alloc(dtype, total);
    allocated.push(memory);
    backend.fill(memory, dtype, total, dtype === 'int32' ? INT_SENTINEL : FLOAT_SENTINEL);
    pointers[name] = backend.offset(memory, GUARD + shift);
    backend.write(pointers[name], dtype, values);
  }
  const called = { ...pointers };
  for (const name of names) if (moved[name]) called[name] = pointers[moved[name]];
  const returned = test.run(backend, called);
  const after = {} as Record<Name, Float64Array>;
  names.forEach((name, i) => {
    const values = test.buffers[name];
    const dtype = values instanceof Int32Array ? 'int32' : 'float32';
    const whole = new Float64Array(values.length + shift + 2 * GUARD);
    backend.read(allocated[i], dtype, whole);
    backend.free(allocated[i]);
    checkGuards(name, whole, GUARD + shift, dtype === 'int32' ? INT_SENTINEL : FLOAT_SENTINEL);
    after[name] = whole.subarray(GUARD + shift, GUARD + shift + values.length);
  });
  return { returned, after };
}

function checkGuards(name: string, whole: Float64Array, front: number, sentinel: number): void {
  const back = whole.length - GUARD;
  for (let i = 0; i < whole.length; i++) {
    if (i === front) i = back;
    if (whole[i] !== sentinel) {
      const where = i < front ? `${front - i} before its start` : `${i - back} past its end`;
      throw new Error(`${name}: wrote ${whole[i]} out of bounds, ${where}`);
    }
  }
}

/** Runs one case on `subject`: in and out of place, and at several thread counts when it is large. */
export function check<Name extends string>(
  subject: Backend<unknown>,
  test: Case<Name>,
  shift = 0,
): void {
  const names = Object.keys(test.buffers) as Name[];
  const expected = execute(oracle, test, 0);
  const held = subject.memory.buffers;
  const actual = execute(subject, test, shift);
  expect(subject.memory.buffers).toBe(held);
  if (typeof expected.returned === 'number') {
    compareNumber('returned', 0, actual.returned as number, expected.returned, test.returned);
  }
  for (const name of names) {
    const before = Float64Array.from(test.buffers[name]);
    const tolerance = test.within[name];
    compare(name, actual.after[name], tolerance ? expected.after[name] : before, tolerance);
  }
  for (const [out, inputs] of Object.entries(test.inPlace ?? {}) as [Name, Name[]][]) {
    for (const input of inputs) {
      const result = execute(subject, test, shift, { [out]: input } as Record<Name, Name>);
      compare(`${out} in place of ${input}`, result.after[input], actual.after[out]);
    }
  }
  if (names.some((name) => test.buffers[name].length >= LARGE)) {
    checkThreads(subject, test, shift, actual);
  }
}

/** The same bits, whatever the number of threads. */
function checkThreads<Name extends string>(
  subject: Backend<unknown>,
  test: Case<Name>,
  shift: number,
  actual: ReturnType<typeof execute<Name>>,
): void {
  const threads = subject.threads;
  try {
    for (const count of [1, 2, 3]) {
      subject.setThreads(count);
      if (subject.threads !== count) continue; // a backend that has but one
      const again = execute(subject, test, shift);
      expect(again.returned).toBe(actual.returned);
      for (const name of Object.keys(test.within) as Name[]) {
        compare(`${name}, ${count} threads`, again.after[name], actual.after[name]);
      }
    }
  } finally {
    subject.setThreads(threads);
  }
}

/** Without a tolerance: the same to the bit (but for the kind of NaN). */
function compare(
  name: string,
  actual: Float64Array,
  expected: Float64Array,
  tolerance?: Tolerance,
): void {
  for (let i = 0; i < expected.length; i++) {
    compareNumber(name, i, actual[i], expected[i], tolerance);
  }
}

function compareNumber(
  name: string,
  i: number,
  actual: number,
  expected: number,
  tolerance?: Tolerance,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance?.(i, expected) ?? 0;
  if (allowed === ANY || near(actual, expected, allowed)) return;
  throw new Error(
    `${name}[${i}]: expected ${expected} ± ${allowed}, got ${actual}` +
      (Number.isFinite(expected) ? ` (off by ${Math.abs(actual - expected)})` : ''),
  );
}

const FLOAT_MAX = (2 - 2 ** -23) * 2 ** 127;

function near(actual: number, expected: number, allowed: number): boolean {
  if (Object.is(actual, Math.fround(expected))) return true;
  if (!Number.isFinite(expected)) return false;
  if (Math.abs(actual - expected) <= allowed) return true;
  // What is beyond the greatest float, or within the tolerance of it, may be infinite.
  const overflows = Math.abs(expected) + allowed > FLOAT_MAX;
  return overflows && Math.abs(actual) === Infinity && actual > 0 === expected > 0;
}

type Sizes = Record<string, number | boolean>;
type Arbitraries<S extends Sizes> = { [K in keyof S]: fc.Arbitrary<S[K]> };

/**
 * A test that `subject` does what the oracle does, over drawn `sizes`, and over `large` ones, where
 * several threads must give the same bits too.
 */
export function kernel<S extends Sizes, Name extends string>(
  subject: Backend<unknown>,
  title: string,
  sizes: Arbitraries<S>,
  large: NoInfer<S> | readonly NoInfer<S>[],
  make: (sizes: S, draw: Draw) => Case<Name>,
): void {
  it(title, () => {
    const drawn = fc.record({
      sizes: fc.record(sizes) as unknown as fc.Arbitrary<S>,
      seed: fc.integer(),
      shift: fc.constantFrom(0, 1, 3, 8),
    });
    const property = fc.property(drawn, (it) => {
      check(subject, make(it.sizes, new Draw(it.seed, it.shift)), it.shift);
    });
    const examples = [large].flat().map((s) => [{ sizes: s as S, seed: 7, shift: 1 }] as const);
    fc.assert(property, {
      seed: SEED,
      numRuns: RUNS,
      includeErrorInReport: true,
      examples: examples.map(([example]) => [example] as [typeof example]),
    });
  });
}
