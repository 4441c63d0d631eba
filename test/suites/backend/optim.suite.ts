import { describe } from 'vitest';
import type { Backend, ParameterUpdate } from '../../../src/backend/backend.js';
import { adamwStep, sgdStep } from '../../../src/backend/reference/optim.js';
import type { HostArray } from '../../../src/backend/reference.js';
import {
  type Case,
  type Draw,
  flag,
  kernel,
  LARGE,
  oneOf,
  size,
  type Values,
} from './check.suite.js';
import { absolute, rounding, type Tolerance } from './tolerance.suite.js';

/** A parameter's settings; its memory is in buffers named after its number. */
interface Parameter {
  count: number;
  /** Null: a dense gradient. */
  rows: Int32Array | null;
  width: number;
  lr: number;
  weightDecay: number;
}

interface Settings {
  /** Room for state1, for state2. */
  states: 0 | 1 | 2;
  decay: readonly number[];
}

/** Three parameters: dense ones and one by rows, and their buffers. */
function parameters(d: Draw, sizes: number[], { states, decay }: Settings) {
  const buffers: Record<string, Values> = {};
  const list = sizes.map((drawn, i): Parameter => {
    const byRows = d.below(2) === 1;
    const width = byRows ? 1 + d.below(20) : 0;
    const vocab = byRows ? Math.ceil(drawn / width) : 0;
    const rows = byRows
      ? Int32Array.from({ length: vocab }, (_, r) => r).filter(() => d.below(3) === 0)
      : null;
    const count = byRows ? vocab * width : drawn;
    buffers[`param${i}`] = d.values(count);
    buffers[`grad${i}`] = d.values(rows ? rows.length * width : count, d.pick([0.01, 1]));
    if (rows) buffers[`rows${i}`] = rows;
    if (states > 0) buffers[`first${i}`] = d.values(count, 0.1);
    if (states > 1) buffers[`second${i}`] = d.values(count, 0.1).map((v) => v * v);
    return { count, rows, width, lr: d.pick([0.1, 1e-3, 1.5]), weightDecay: d.pick(decay) };
  });
  return { list, buffers };
}

function updatesOf<P>(list: Parameter[], p: Record<string, P>): ParameterUpdate<P>[] {
  return list.map(({ rows, ...rest }, i) => ({
    ...rest,
    param: p[`param${i}`],
    grad: p[`grad${i}`],
    rows: rows ? p[`rows${i}`] : null,
    rowCount: rows?.length ?? 0,
    state1: p[`first${i}`] ?? null,
    state2: p[`second${i}`] ?? null,
  }));
}

/**
 * A step, and how far it may be off: a few roundings of its terms' absolute values, which are what
 * the same step makes of absolute values and of a rate below zero (`p − lr·g` becomes `|p| + lr·|g|`).
 */
function stepCase(
  { list, buffers }: ReturnType<typeof parameters>,
  step: <P>(
    updates: ParameterUpdate<P>[],
    kernels: Pick<Backend<P>, 'sgdStep' | 'adamwStep'>,
  ) => void,
): Case<string> {
  const magnitudes: Record<string, HostArray> = {};
  for (const [name, values] of Object.entries(buffers)) {
    magnitudes[name] = values instanceof Int32Array ? values : absolute(values);
  }
  const upwards = updatesOf(list, magnitudes).map((update) => ({ ...update, lr: -update.lr }));
  step(upwards, { sgdStep, adamwStep });
  const within: Record<string, Tolerance> = {};
  for (const name of Object.keys(buffers)) {
    if (/^(param|first|second)/.test(name)) within[name] = rounding(6, magnitudes[name]);
  }
  return { buffers, run: (b, p) => step(updatesOf(list, p), b), within };
}

const sizes = { a: size, b: size, c: size };
const LARGE_SET = { a: LARGE, b: 0, c: 33_000 };

export function optimSuite(subject: Backend<unknown>): void {
  describe('optimizers', () => {
    kernel(subject, 'sgdStep', sizes, LARGE_SET, ({ a, b, c }, d) => {
      const set = parameters(d, [a, b, c], { states: 0, decay: [0, 0, 0.01] });
      const gradScale = d.pick([1, 0.3]);
      return stepCase(set, (updates, k) => k.sgdStep(updates, gradScale, 0, 0, false, d.shift > 0));
    });

    kernel(
      subject,
      'sgdStep with momentum',
      { ...sizes, nesterov: flag, first: flag },
      [
        { ...LARGE_SET, nesterov: true, first: false },
        { ...LARGE_SET, nesterov: false, first: true },
      ],
      ({ a, b, c, nesterov, first }, d) => {
        const set = parameters(d, [a, b, c], { states: 1, decay: [0, 0.01] });
        const dampening = nesterov ? 0 : d.pick([0, 0.5]);
        const momentum = d.pick([0.9, 0.5]);
        return stepCase(set, (updates, k) =>
          k.sgdStep(updates, 1, momentum, dampening, nesterov, first),
        );
      },
    );

    kernel(
      subject,
      'adamwStep',
      { ...sizes, step: oneOf(1, 2, 10, 1000, 1e6) },
      { ...LARGE_SET, step: 3 },
      ({ a, b, c, step }, d) => {
        const set = parameters(d, [a, b, c], { states: 2, decay: [0, 0.01, 0.1] });
        const [beta1, beta2] = d.pick([
          [0.9, 0.999],
          [0.9, 0.95],
          [0, 0.99],
        ] as const);
        const gradScale = d.pick([1, 0.3]);
        return stepCase(set, (updates, k) =>
          k.adamwStep(updates, gradScale, beta1, beta2, 1e-8, step),
        );
      },
    );

    kernel(subject, 'sgdStep leaves rows without a gradient alone', sizes, [], ({ a, b, c }, d) => {
      const set = parameters(d, [a, b, c], { states: 0, decay: [0] });
      // What must not be touched is NaN or infinite, with which arithmetic would make something else.
      set.list.forEach(({ rows, width }, i) => {
        const param = set.buffers[`param${i}`];
        const untouched = (j: number) => rows !== null && !rows.includes(Math.floor(j / width));
        param.forEach((_, j) => {
          if (untouched(j)) param[j] = d.pick([NaN, Infinity, -Infinity, -0]);
        });
      });
      return stepCase(set, (updates, k) => k.sgdStep(updates, 1, 0, 0, false, true));
    });

    kernel(subject, 'gradientSumOfSquares', sizes, LARGE_SET, ({ a, b, c }, d) => {
      const { list, buffers } = parameters(d, [a, b, c], { states: 0, decay: [0] });
      return {
        buffers,
        run: (backend, p) => backend.gradientSumOfSquares(updatesOf(list, p)),
        within: {},
        returned: (_, expected) => 1e-13 * expected, // in doubles throughout
      };
    });

    kernel(subject, 'no parameters at all', { count: size }, [], () => ({
      buffers: { x: new Float32Array(1) },
      run: (b) => {
        b.sgdStep([], 1, 0, 0, false, true);
        b.adamwStep([], 1, 0.9, 0.999, 1e-8, 1);
        return b.gradientSumOfSquares([]);
      },
      within: {},
    }));
  });
}
