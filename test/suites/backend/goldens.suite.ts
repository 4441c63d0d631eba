/**
 * Every kernel against PyTorch (test/goldens/kernels.json, made by kernels.py beside it): that what
 * the backends agree on is also what PyTorch computes.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Backend,
  type BinaryOp,
  matmulSize,
  type ParameterUpdate,
  type UnaryOp,
} from '../../../src/backend/backend.js';
import { broadcastShapes, broadcastStrides, numel } from '../../../src/util/shape.js';
import { U } from './tolerance.suite.js';

type Values = Float32Array | Int32Array;

/** One case: its tensors by name, and what else it says. */
interface Golden {
  tensors: Record<string, Values>;
  shapes: Record<string, number[]>;
  settings: Record<string, unknown>;
}

interface Packed {
  dtype: 'float32' | 'int32';
  shape: number[];
  data: string;
}

const families: Record<string, Record<string, unknown>[]> = JSON.parse(
  readFileSync(new URL('../../goldens/kernels.json', import.meta.url), 'utf8'),
);

function unpack(packed: Record<string, unknown>): Golden {
  const golden: Golden = { tensors: {}, shapes: {}, settings: {} };
  for (const [name, value] of Object.entries(packed)) {
    const { dtype, shape, data } = value as Partial<Packed>;
    if (data === undefined || shape === undefined) {
      golden.settings[name] = value;
      continue;
    }
    const { buffer } = Uint8Array.from(Buffer.from(data, 'base64'));
    golden.tensors[name] = dtype === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer);
    golden.shapes[name] = shape;
  }
  return golden;
}

/** A backend's memory for the length of one case. */
class Scratch {
  readonly #held: unknown[] = [];
  constructor(readonly backend: Backend<unknown>) {}

  put(values: Values): unknown {
    const pointer = this.room(values.length, values instanceof Int32Array ? 'int32' : 'float32');
    this.backend.write(pointer, values instanceof Int32Array ? 'int32' : 'float32', values);
    return pointer;
  }

  room(count: number, dtype: 'float32' | 'int32' = 'float32'): unknown {
    const pointer = this.backend.alloc(dtype, count);
    this.#held.push(pointer);
    return pointer;
  }

  /**
   * That memory at `pointer` holds what is expected: to some roundings of it and of `floor`, the size
   * of the terms that it is made of.
   */
  expect(name: string, pointer: unknown, expected: Values, floor = 0, factor = 12): void {
    const actual =
      expected instanceof Int32Array
        ? new Int32Array(expected.length)
        : new Float32Array(expected.length);
    this.backend.read(pointer, expected instanceof Int32Array ? 'int32' : 'float32', actual);
    expected.forEach((value, i) => {
      if (Object.is(actual[i], value) || actual[i] === value) return;
      const off = Number.isFinite(value) ? Math.abs(actual[i] - value) : NaN;
      expect(off, `${name}[${i}]: expected ${value}, got ${actual[i]}`).toBeLessThanOrEqual(
        factor * U * (Math.abs(value) + floor),
      );
    });
  }

  free(): void {
    for (const pointer of this.#held) this.backend.free(pointer);
  }
}

type Check = (b: Backend<unknown>, s: Scratch, golden: Golden) => void;

const unary: Check = (b, s, { tensors, settings }) => {
  const op = settings['op'] as UnaryOp;
  const parameter = settings['parameter'] as number;
  const count = tensors['x'].length;
  const [x, y, out, dx] = [s.put(tensors['x']), s.put(tensors['y']), s.room(count), s.room(count)];
  b.unary(op, out, x, count, parameter);
  // PyTorch's own GELU loses digits in the tail, even in double precision.
  // The argument of its exp carries an error of its own size, 20 or so in the tail.
  const floor = op.startsWith('gelu') ? 1e-7 : 0;
  s.expect(op, out, tensors['y'], floor, op === 'geluTanh' ? 50 : 12);
  b.unaryBackward(op, dx, s.put(tensors['dy']), x, y, count, parameter);
  // What the gradient is where x is not finite, the interface leaves open or gives as dy · f′(x).
  const finite = Float32Array.from(tensors['x']).findIndex((v) => !Number.isFinite(v));
  s.expect(`${op}, its gradient`, dx, tensors['dx'].subarray(0, finite), 3);
};

const binary: Check = (b, s, { tensors, shapes, settings }) => {
  const op = settings['op'] as BinaryOp;
  const shape = broadcastShapes(op, shapes['a'], shapes['b']);
  const out = s.room(numel(shape));
  const [a, c] = [s.put(tensors['a']), s.put(tensors['b'])];
  const strides = [broadcastStrides(shapes['a'], shape), broadcastStrides(shapes['b'], shape)];
  b.binaryStrided(op, out, a, c, shape, strides[0], strides[1]);
  s.expect(op, out, tensors['out'], 0, 1);
};

const reductions: Check = (b, s, { tensors, settings }) => {
  const { op, count, inner, correction } = settings as Record<string, number> & { op: string };
  const total = tensors['x'].length;
  const outer = total / count / inner;
  const [x, dy] = [s.put(tensors['x']), s.put(tensors['dy'])];
  const [out, mean, dx] = [s.room(outer * inner), s.room(outer * inner), s.room(total)];
  if (op === 'variance') b.variance(out, mean, x, outer, count, inner, correction);
  else b.reduce(op as 'sum' | 'mean' | 'max', out, x, outer, count, inner);
  s.expect(op, out, tensors['y'], 3);

  const [shape, whole, kept] = [
    [outer, count, inner],
    [count * inner, inner, 1],
    [inner, 0, 1],
  ];
  if (op === 'max') {
    b.maxBackward(dx, dy, x, out, outer, count, inner);
  } else if (op === 'variance') {
    // dx = (x − mean) · dy · 2 / (count − correction)
    b.binaryStrided('sub', dx, x, mean, shape, whole, kept);
    b.binaryStrided('mul', dx, dx, dy, shape, whole, kept);
    b.affine(dx, dx, total, 2 / (count - correction), 0);
  } else {
    b.copyStrided(dx, dy, 'float32', shape, whole, kept, false);
    b.affine(dx, dx, total, op === 'mean' ? 1 / count : 1, 0);
  }
  s.expect(`${op}, its gradient`, dx, tensors['dx'], 3);
};

const softmax: Check = (b, s, { tensors, shapes, settings }) => {
  const log = settings['log'] as boolean;
  const [rows, cols] = shapes['x'];
  const [x, out, dx] = [s.put(tensors['x']), s.room(rows * cols), s.room(rows * cols)];
  b.softmax(out, x, rows, cols, log);
  s.expect('softmax', out, tensors['y'], 1, 24);
  b.softmaxBackward(dx, s.put(tensors['dy']), s.put(tensors['y']), rows, cols, log);
  s.expect('its gradient', dx, tensors['dx'], 3, 24);
};

const crossEntropy: Check = (b, s, { tensors, shapes, settings }) => {
  const { smoothing, ignoreIndex } = settings as Record<string, number>;
  const [rows, cols] = shapes['x'];
  const [x, targets] = [s.put(tensors['x']), s.put(tensors['targets'])];
  const [losses, lse, mean, dx] = [s.room(rows), s.room(2 * rows), s.room(2), s.room(rows * cols)];
  const last = [rows, cols, smoothing, ignoreIndex] as const;
  expect(b.crossEntropy(losses, lse, x, cols, targets, ...last)).toBe(-1);
  s.expect('losses', losses, tensors['losses'], 3);
  b.meanLoss(mean, losses, targets, rows, ignoreIndex);
  s.expect('mean', mean, tensors['mean'], 3);
  const block = [rows, cols, 0, cols, smoothing, ignoreIndex] as const;
  const [dloss, count] = [s.put(tensors['dloss']), b.offset(mean, 1)];
  b.crossEntropyBackward(dx, x, cols, lse, targets, ...block, dloss, count);
  s.expect('its gradient', dx, tensors['dx'], 3);
};

const embedding: Check = (b, s, { tensors, shapes }) => {
  const [vocab, width] = shapes['weight'];
  const count = tensors['ids'].length;
  const [weight, ids] = [s.put(tensors['weight']), s.put(tensors['ids'])];
  const [out, dweight] = [s.room(count * width), s.room(vocab * width)];
  expect(b.gatherRows(out, weight, ids, count, vocab, width)).toBe(-1);
  s.expect('rows', out, tensors['out'], 0, 0);
  const [rows, sums] = [s.room(count, 'int32'), s.room(count * width)];
  const distinct = b.sumRowsById(rows, sums, s.put(tensors['dy']), ids, count, width);
  b.fill(dweight, 'float32', vocab * width, 0);
  b.addRows(dweight, rows, sums, distinct, width);
  s.expect('their gradient', dweight, tensors['dweight'], 3);
};

const matmul: Check = (b, s, { tensors, shapes, settings }) => {
  const { transA, transB, alpha } = settings as { transA: boolean; transB: boolean; alpha: number };
  const [m, n] = shapes['out'];
  const k = shapes['a'][transA ? 0 : 1];
  const [lda, ldb] = [shapes['a'][1], shapes['b'][1]];
  const out = s.put(tensors['before']);
  const [a, c, bias] = [s.put(tensors['a']), s.put(tensors['b']), s.put(tensors['bias'])];
  const lie = { transA, transB, lda, ldb };
  b.matmul(out, a, c, bias, matmulSize({ m, n, k, ...lie, alpha, accumulate: true }));
  s.expect('product', out, tensors['out'], 3);
};

/** Five steps, with the gradient dense and by rows: rows 0 and 2 of (3, 7); row 1 has none. */
const optimizers: Check = (b, s, { tensors, shapes, settings }) => {
  const kind = settings['kind'] as 'sgd' | 'adamw';
  const g = settings['settings'] as Record<string, number> & { betas: number[]; nesterov: boolean };
  const [steps, height, width] = shapes['grads'];
  const count = height * width;
  for (const byRows of [false, true]) {
    const state = () => {
      const pointer = s.room(count);
      b.fill(pointer, 'float32', count, 0);
      return pointer;
    };
    const update: ParameterUpdate<unknown> = {
      param: s.put(tensors['before']),
      grad: null,
      count,
      rows: byRows ? s.put(Int32Array.of(0, 2)) : null,
      rowCount: byRows ? 2 : 0,
      width: byRows ? width : 0,
      lr: g['lr'],
      weightDecay: g['weight_decay'],
      state1: kind === 'adamw' || g['momentum'] ? state() : null,
      state2: kind === 'adamw' ? state() : null,
    };
    for (let step = 0; step < steps; step++) {
      const grad = tensors['grads'].subarray(step * count, (step + 1) * count);
      const listed = grad.filter((_, i) => Math.floor(i / width) !== 1);
      update.grad = s.put(byRows ? listed : grad);
      if (kind === 'sgd') {
        b.sgdStep([update], 1, g['momentum'], g['dampening'], g.nesterov, step === 0);
      } else {
        b.adamwStep([update], 1, g.betas[0], g.betas[1], g['eps'], step + 1);
      }
      const after = tensors['after'].subarray(step * count, (step + 1) * count);
      s.expect(`after step ${step + 1}`, update.param, after, 1);
    }
  }
};

const select: Check = (b, s, { tensors, shapes, settings }) => {
  const x = s.put(tensors['x']);
  if (settings['kind'] === 'topk') {
    const [rows, cols] = shapes['x'];
    const k = settings['k'] as number;
    const [values, indices] = [s.room(rows * k), s.room(rows * k, 'int32')];
    b.topk(values, indices, x, rows, cols, k, true);
    s.expect('values', values, tensors['values'], 0, 0);
    s.expect('indices', indices, tensors['indices']);
  } else {
    const { low, high, bins } = settings as Record<string, number>;
    const counts = s.room(bins, 'int32');
    b.histogram(counts, x, tensors['x'].length, low, high, bins);
    s.expect('counts', counts, tensors['counts']);
  }
};

const CHECKS: Record<string, Check> = {
  unary,
  binary,
  reductions,
  softmax,
  cross_entropy: crossEntropy,
  embedding,
  matmul,
  optimizers,
  select,
};

export function goldenSuite(subject: Backend<unknown>): void {
  const { torch, ...cases } = families;
  describe(`against PyTorch ${torch}`, () => {
    it('has a check for every family, and cases of each', () => {
      expect(Object.keys(cases).sort()).toEqual(Object.keys(CHECKS).sort());
      for (const list of Object.values(cases)) expect(list.length).toBeGreaterThan(2);
    });

    for (const [family, list] of Object.entries(cases)) {
      it(`${family}, ${list.length} cases`, () => {
        list.forEach((packed, i) => {
          const golden = unpack(packed);
          const scratch = new Scratch(subject);
          try {
            CHECKS[family](subject, scratch, golden);
          } catch (cause) {
            const settings = JSON.stringify(golden.settings);
            throw new Error(`case ${i} ${settings}: ${(cause as Error).message}`, { cause });
          } finally {
            scratch.free();
          }
        });
      });
    }
  });
}
