/**
 * One helper that makes an operation's test one line: its forward against an expectation, its gradient
 * against central finite differences in double precision, each input's gradient alone against all
 * together, the backends of C kernels against doubles, and no buffer left behind.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { ReferenceBackend } from '../../src/backend/index.js';
import { noGrad, scope, type Tensor, tensor, withBackend } from '../../src/tensor/index.js';
import { Generator } from '../../src/util/random.js';
import { numel, type Shape } from '../../src/util/shape.js';
import { kernels } from './backends.js';

/** The oracle: every number a double. */
export const exact = new ReferenceBackend({ precision: 'float64' });

export interface Input {
  shape: Shape;
  /** Flat. Default: drawn from the seed. */
  values?: readonly number[];
  /** int32, and hence no gradient. */
  int?: boolean;
  /** Whether its gradient is checked. Default: yes, unless it is int. */
  grad?: boolean;
}

export interface Check {
  inputs: readonly (Input | Shape)[];
  run: (...inputs: Tensor[]) => Tensor;
  /** The forward's values, flat, from the inputs' values, flat. */
  expected?: (...inputs: (readonly number[])[]) => readonly number[];
  /** Of the drawn values: 'normal' (default), 'positive' (0.5 to 3), or 'apart' (within ±3, and well away from 0 and from each other, for functions with kinks). */
  draw?: 'normal' | 'positive' | 'apart';
  seed?: number;
  /** For float32 against doubles, relative to the greatest value of the tensor compared. Default: 2e-5. */
  tolerance?: number;
}

/** Half the distance over which a slope is measured: truncation (h²) and rounding (2⁻⁵²/h) both stay below 1e-9. */
const STEP = 1e-5;
/** At most so many elements of each input are differenced. */
const SAMPLES = 24;

function isShape(input: Input | Shape): input is Shape {
  return Array.isArray(input);
}

function drawValues(count: number, how: Check['draw'], random: Generator): number[] {
  const uniform = () => random.uniform();
  if (how === 'positive') return Array.from({ length: count }, () => 0.5 + 2.5 * uniform());
  if (how === 'apart') {
    // 1, −1, 2, −2 and so on in random order, brought within ±3.
    const steps = Array.from({ length: count }, (_, i) => ((i >> 1) + 1) * (i % 2 === 0 ? 1 : -1));
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [steps[i], steps[j]] = [steps[j], steps[i]];
    }
    return steps.map((step) => (3 * step) / Math.ceil(count / 2));
  }
  return Array.from({ length: count }, () => 3 * (uniform() + uniform() - 1));
}

interface Filled {
  shape: Shape;
  values: number[];
  int: boolean;
  grad: boolean;
}

function fill(check: Check): Filled[] {
  const random = new Generator(check.seed ?? 1, 0);
  return check.inputs.map((given) => {
    const input: Input = isShape(given) ? { shape: given } : given;
    const int = input.int ?? false;
    const values = input.values ?? drawValues(numel(input.shape), check.draw, random);
    // As float32 has them, so that both backends start from the same numbers.
    return { shape: input.shape, values: values.map(Math.fround), int, grad: input.grad ?? !int };
  });
}

function make({ shape, values, int }: Filled): Tensor {
  return int
    ? tensor(Int32Array.from(values), { shape })
    : tensor(Float64Array.from(values), { shape });
}

/** Fixed, of no particular pattern, and not 1: the gradient that comes from above. */
function upstream(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.sin(1 + 2.3 * i) + 0.4);
}

interface Result {
  y: Float64Array;
  shape: Shape;
  grads: (Float64Array | null)[];
}

/** Forward and backward on one backend, with gradients for those inputs that `wanted` says. */
function evaluate(backend: Backend, check: Check, filled: Filled[], wanted: boolean[]): Result {
  return withBackend(backend, () =>
    scope(() => {
      const inputs = filled.map(make);
      inputs.forEach((input, i) => {
        if (wanted[i]) input.requireGrad();
      });
      const y = check.run(...inputs);
      if (wanted.some(Boolean)) y.backward(tensor(upstream(y.numel), { shape: y.shape }));
      const grads = inputs.map((input) => input.grad?.doublesSync() ?? null);
      return { y: y.doublesSync(), shape: y.shape, grads };
    }),
  );
}

function forward(check: Check, filled: Filled[]): Float64Array {
  return withBackend(exact, () =>
    scope(() => noGrad(() => check.run(...filled.map(make))).doublesSync()),
  );
}

/** The slope of Σ upstream · y in element `at` of input `which`. */
function slope(check: Check, filled: Filled[], which: number, at: number): number {
  const { values } = filled[which];
  const before = values[at];
  values[at] = before + STEP;
  const above = forward(check, filled);
  values[at] = before - STEP;
  const below = forward(check, filled);
  values[at] = before;
  const weights = upstream(above.length);
  let change = 0; // summed of differences, as a difference of sums would lose digits
  for (let i = 0; i < above.length; i++) change += weights[i] * (above[i] - below[i]);
  return change / (2 * STEP);
}

function expectClose(
  what: string,
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
) {
  expect(actual.length, `${what}: length`).toBe(wanted.length);
  let scale = 1;
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isFinite(wanted[i])) scale = Math.max(scale, Math.abs(wanted[i]));
  }
  for (let i = 0; i < wanted.length; i++) {
    const same = Object.is(actual[i], wanted[i]) || actual[i] === wanted[i];
    if (same || Math.abs(actual[i] - wanted[i]) <= tolerance * scale) continue;
    expect.fail(
      `${what}, element ${i}: expected ${wanted[i]}, got ${actual[i]} (± ${tolerance * scale})`,
    );
  }
}

/** Checks one operation, or an expression of several, on one set of shapes. */
export function checkOperation(check: Check): void {
  const filled = fill(check);
  const all = filled.map((input) => input.grad);
  const buffers = exact.memory.buffers;
  const result = evaluate(exact, check, filled, all);

  if (check.expected) {
    const wanted = check.expected(...filled.map((input) => input.values));
    expectClose('forward', result.y, wanted, 1e-12);
  }
  filled.forEach((input, i) => {
    if (!input.grad || result.y.length === 0) return;
    const analytic = result.grads[i]!;
    const count = input.values.length;
    const stride = Math.max(1, Math.ceil(count / SAMPLES));
    for (let at = 0; at < count; at += stride) {
      const numeric = slope(check, filled, i, at);
      expectClose(`gradient of input ${i} at ${at}`, [analytic[at]], [numeric], 2e-7);
    }
  });
  if (all.filter(Boolean).length > 1) {
    filled.forEach((input, i) => {
      if (!input.grad) return;
      const onlyThis = all.map((_, j) => j === i);
      const alone = evaluate(exact, check, filled, onlyThis);
      expectClose(`gradient of input ${i} alone`, alone.grads[i]!, result.grads[i]!, 1e-13);
    });
  }
  // The constant 1 that backward() starts from is made once and stays.
  expect(exact.memory.buffers - buffers, 'buffers left behind').toBeLessThanOrEqual(
    buffers === 0 ? 1 : 0,
  );
  for (const backend of kernels) checkKernels(backend, check, filled, all, result);
}

function checkKernels(
  backend: Backend,
  check: Check,
  filled: Filled[],
  all: boolean[],
  result: Result,
) {
  const tolerance = check.tolerance ?? 2e-5;
  const fast = evaluate(backend, check, filled, all);
  expect(fast.shape).toEqual(result.shape);
  expectClose(`${backend.name} forward`, fast.y, result.y, tolerance);
  result.grads.forEach((wanted, i) => {
    if (wanted)
      expectClose(`${backend.name} gradient of input ${i}`, fast.grads[i]!, wanted, tolerance);
  });
}

// ── What to draw ────────────────────────────────────────────────────────────────────────────────

/** A size: often 1, mostly small and odd, sometimes 0 or across a vector's or a block's end. */
export const aSize = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constantFrom(7, 9, 16, 17, 33) },
);

export const aSizeOrZero = fc.oneof(
  { weight: 8, arbitrary: aSize },
  { weight: 1, arbitrary: fc.constant(0) },
);

/** A shape of a few hundred elements at most. */
export function aShape({ min = 0, max = 4, empty = true } = {}): fc.Arbitrary<number[]> {
  return fc
    .array(empty ? aSizeOrZero : aSize, { minLength: min, maxLength: max })
    .filter((shape) => numel(shape) <= 400);
}

/** Two shapes that broadcast, either way, and from which each may lack leading dimensions. */
export const twoShapes: fc.Arbitrary<[number[], number[]]> = aShape().chain((shape) =>
  fc
    .tuple(
      fc.array(fc.constantFrom('both', 'a', 'b'), {
        minLength: shape.length,
        maxLength: shape.length,
      }),
      fc.nat({ max: shape.length }),
      fc.boolean(),
    )
    .map(([sides, dropped, fromA]): [number[], number[]] => {
      const a = shape.map((size, i) => (sides[i] === 'b' ? 1 : size));
      const b = shape.map((size, i) => (sides[i] === 'a' ? 1 : size));
      return fromA ? [a.slice(dropped), b] : [a, b.slice(dropped)];
    }),
);

/** A shape and some of its dimensions, in any order, from either end. */
export function shapeWithDims(options?: Parameters<typeof aShape>[0]) {
  return aShape(options).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      dims: fc
        .subarray(
          shape.map((_, i) => i),
          { minLength: 0 },
        )
        .chain((dims) =>
          fc
            .array(fc.boolean(), { minLength: dims.length, maxLength: dims.length })
            .map((fromEnd) => dims.map((dim, i) => (fromEnd[i] ? dim - shape.length : dim))),
        ),
      keepdim: fc.boolean(),
    }),
  );
}

/** Runs `body` for drawn arguments: `RUNS` times each. */
export const RUNS = { numRuns: 40 };

export function property<T>(arbitrary: fc.Arbitrary<T>, body: (drawn: T) => void): void {
  fc.assert(fc.property(arbitrary, body), RUNS);
}

// ── What to expect ──────────────────────────────────────────────────────────────────────────────

/** All indices of a shape, in row-major order. */
export function* indicesOf(shape: Shape): IterableIterator<number[]> {
  const index = shape.map(() => 0);
  for (let i = 0; i < numel(shape); i++) {
    yield [...index];
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      if (++index[dim] < shape[dim]) break;
      index[dim] = 0;
    }
  }
}

/** The element of flat row-major `values` at `index`; sizes of 1 stretch, and leading ones may lack. */
export function at(values: readonly number[], shape: Shape, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length);
  return values[shape.reduce((flat, size, dim) => flat * size + (size === 1 ? 0 : own[dim]), 0)];
}

/** Flat values of a shape, each from its index. */
export function build(shape: Shape, value: (index: number[]) => number): number[] {
  return Array.from(indicesOf(shape), value);
}
