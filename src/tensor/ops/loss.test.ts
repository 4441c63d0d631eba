import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '../../../test/suites/backends.js';
import { checkOperation, exact, property } from '../../../test/suites/gradcheck.suite.js';
import { ReferenceBackend } from '../../backend/index.js';
import { numel } from '../../util/shape.js';
import {
  crossEntropy,
  linear,
  linearCrossEntropy,
  noGrad,
  scope,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from '../index.js';

/** Mean over the counted rows of (1 − s)·(−log p[target]) + s·mean(−log p). */
function naive(
  logits: readonly number[],
  classes: number,
  targets: readonly number[],
  smoothing: number,
  ignored: number,
) {
  let total = 0;
  let count = 0;
  targets.forEach((target, row) => {
    if (target === ignored) return;
    const x = logits.slice(row * classes, (row + 1) * classes);
    const lse = Math.log(x.reduce((sum, v) => sum + Math.exp(v), 0));
    const average = x.reduce((sum, v) => sum + v, 0) / classes;
    total += (1 - smoothing) * (lse - x[target]) + smoothing * (lse - average);
    count++;
  });
  return [total / count];
}

const drawn = fc
  .record({
    lead: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    classes: fc.constantFrom(1, 2, 3, 5, 17, 33),
    channels: fc.constantFrom(1, 2, 3, 7),
    smoothing: fc.constantFrom(0, 0.1, 1),
    ignoreIndex: fc.constantFrom(-100, -1, 0),
    seed: fc.nat(),
  })
  .filter((d) => d.classes > 1 || d.ignoreIndex !== 0) // else there is nothing but ignored targets
  .chain((d) => {
    const target = fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: d.classes - 1 }) },
      { weight: 1, arbitrary: fc.constant(d.ignoreIndex) },
    );
    const rows = numel(d.lead);
    return fc
      .array(target, { minLength: rows, maxLength: rows })
      .filter((targets) => targets.some((t) => t !== d.ignoreIndex))
      .map((targets) => ({ ...d, targets }));
  });
describe('crossEntropy', () => {
  it('with smoothing and ignored targets', () => {
    property(drawn, ({ lead, classes, smoothing, ignoreIndex, targets, seed }) =>
      checkOperation({
        inputs: [[...lead, classes], { shape: lead, values: targets, int: true }],
        run: (x, t) => crossEntropy(x, t, { labelSmoothing: smoothing, ignoreIndex }),
        expected: (x) => naive(x, classes, targets, smoothing, ignoreIndex),
        seed,
      }),
    );
  });

  it('takes flat logits for shaped targets, and the other way round', () => {
    const values = [0, 1, 2, 3, 0, 1];
    const expected = (x: readonly number[]) => naive(x, 4, values, 0, -100);
    for (const [shape, lead] of [
      [[6], [2, 3]],
      [[2, 3], [6]],
    ]) {
      const targets = { shape: lead, values, int: true };
      checkOperation({
        inputs: [[...shape, 4], targets],
        run: (x, t) => crossEntropy(x, t),
        expected,
      });
    }
  });

  it('is NaN with zero gradients where every target is ignored', () => {
    scope(() => {
      const x = zeros([2, 3]).requireGrad();
      const loss = crossEntropy(x, tensor(Int32Array.of(-100, -100)));
      expect(loss.itemSync()).toBeNaN();
      loss.backward();
      expect([...x.grad!.dataSync()].map((v) => v + 0)).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const logits = zeros([2, 3, 5]);
      const targets = zeros([2, 3], 'int32');
      const shapes =
        'expected a target for each row (logits or x of shape (…, n), targets (…)), got ';
      expect(() => crossEntropy(logits, zeros([3, 2], 'int32'))).toThrow(
        `crossEntropy: ${shapes}(2, 3, 5) and (3, 2)`,
      );
      expect(() => crossEntropy(logits, zeros([5], 'int32'))).toThrow(
        `crossEntropy: ${shapes}(2, 3, 5) and (5)`,
      );
      expect(() => crossEntropy(zeros([]), zeros([], 'int32'))).toThrow(
        `crossEntropy: ${shapes}() and ()`,
      );
      expect(() => crossEntropy(logits, zeros([2, 3]))).toThrow(
        'crossEntropy: expected int32 indices, got float32 of shape (2, 3)',
      );
      expect(() => crossEntropy(targets, targets)).toThrow(
        'crossEntropy: expected a float32 tensor, got int32 of shape (2, 3)',
      );
      targets.copy_([0, 1, 2, 3, 5, -7]);
      expect(() => crossEntropy(logits, targets)).toThrow(
        'crossEntropy: expected targets from 0 to 4, got 5 at position 4',
      );
      expect(() => crossEntropy(logits, targets, { labelSmoothing: 2 })).toThrow(
        'crossEntropy: expected labelSmoothing to be a number from 0 to 1, got 2',
      );
    });
  });
});

interface Fused {
  bias: boolean;
  maxLogits: number;
}

describe('linearCrossEntropy', () => {
  const fused = fc.tuple(
    drawn,
    fc.record({ bias: fc.boolean(), maxLogits: fc.constantFrom(1, 7, 40, 100, 1e6, Infinity) }),
  );

  function inputsOf(d: { lead: number[]; classes: number; channels: number }, { bias }: Fused) {
    const shapes = [[...d.lead, d.channels], [d.classes, d.channels], [d.classes]];
    return bias ? shapes : shapes.slice(0, 2);
  }

  it('is crossEntropy of linear, in value and in every gradient', () => {
    property(fused, ([d, options]) => {
      const settings = { labelSmoothing: d.smoothing, ignoreIndex: d.ignoreIndex };
      const targets = () => tensor(Int32Array.from(d.targets), { shape: d.lead });
      const inputs = inputsOf(d, options);
      const { maxLogits } = options;
      // Finite differences, and each input's gradient alone (the others frozen).
      checkOperation({
        inputs,
        run: (x, w, b) =>
          linearCrossEntropy(x, w, b ?? null, targets(), { ...settings, maxLogits }).mul(0.25),
        seed: d.seed,
      });
      // Their difference is 0, and so are its gradients: to the last digits of a double.
      checkOperation({
        inputs,
        run: (x, w, b) =>
          linearCrossEntropy(x, w, b ?? null, targets(), { ...settings, maxLogits }).sub(
            crossEntropy(linear(x, w, b), targets(), settings),
          ),
        expected: () => [0],
        seed: d.seed,
      });
    });
  });

  it('is so over more classes than are differentiated at a time', () => {
    const values = [0, 2047, 2048, 2052, 4096, 4099];
    const targets = { shape: [6], values, int: true };
    for (const maxLogits of [1, 3 * 4100, 1e8]) {
      checkOperation({
        inputs: [[6, 3], [4100, 3], [4100], targets],
        run: (x, w, b, t) => linearCrossEntropy(x, w, b, t, { labelSmoothing: 0.1, maxLogits }),
        expected: (x, w, b) => {
          const logits: number[] = [];
          for (let row = 0; row < 6; row++) {
            for (let o = 0; o < 4100; o++) {
              let sum = b[o];
              for (let c = 0; c < 3; c++) sum += x[row * 3 + c] * w[o * 3 + c];
              logits.push(sum);
            }
          }
          return naive(logits, 4100, values, 0.1, -100);
        },
      });
    }
  });

  it('differentiates through what came before and after', () => {
    const targets = { shape: [3], values: [0, 4, 2], int: true };
    checkOperation({
      inputs: [[3, 4], [5, 4], [5], targets],
      run: (x, w, b, t) => linearCrossEntropy(x.tanh(), w.mul(w), b.exp(), t).square().mul(0.3),
    });
    checkOperation({
      inputs: [[3, 3], { shape: [3], values: [0, 2, 2], int: true }],
      run: (x, t) => linearCrossEntropy(x, x, null, t), // the weight is the input
    });
  });

  it('gives gradients to those that want them, though that changes between forward and backward', () => {
    scope(() => {
      const x = tensor([[1, 2]]).requireGrad();
      const w = tensor([
        [1, 0],
        [0, 1],
        [1, 1],
      ]).requireGrad();
      const loss = linearCrossEntropy(x, w, null, tensor(Int32Array.of(1)));
      x.requireGrad(false);
      loss.backward();
      expect(x.grad).toBeNull();
      expect(w.grad!.shape).toEqual([3, 2]);
    });
  });

  it('holds no more logits than it may', () => {
    const backend = kernels[0] ?? exact;
    withBackend(backend, () =>
      scope(() => {
        const x = zeros([64, 4]).requireGrad();
        const w = zeros([5000, 4]).requireGrad();
        const t = zeros([64], 'int32');
        const before = backend.memory.buffers;
        const loss = linearCrossEntropy(x, w, null, t, { maxLogits: 10000 });
        // Left: the loss and the gradients of x and w.
        expect(backend.memory.buffers - before).toBe(3);
        expect(loss.itemSync()).toBeCloseTo(Math.log(5000), 4);
      }),
    );
    const alone = (run: (x: Tensor) => void): number => {
      const memory = new ReferenceBackend();
      withBackend(memory, () => scope(() => run(zeros([64, 4]))));
      return memory.memory.peakBytes;
    };
    const bytes = (maxLogits: number) =>
      alone((x) =>
        noGrad(() =>
          linearCrossEntropy(x, zeros([5000, 4]), null, zeros([64], 'int32'), { maxLogits }),
        ),
      );
    expect(bytes(64 * 5000) - bytes(10000)).toBe(4 * (64 * 5000 - 10000));
  });

  it('has zero gradients where there are no rows', () => {
    scope(() => {
      const w = zeros([3, 2]).requireGrad();
      linearCrossEntropy(zeros([0, 2]), w, null, zeros([0], 'int32')).backward();
      expect([...w.grad!.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const [x, w, t] = [zeros([2, 4]), zeros([5, 4]), tensor(Int32Array.of(0, 5))];
      const name = 'linearCrossEntropy: ';
      expect(() => linearCrossEntropy(x, w, null, t, { maxLogits: 1 })).toThrow(
        `${name}expected targets from 0 to 4, got 5 at position 1`,
      );
      expect(() => linearCrossEntropy(zeros([2, 3]), w, null, t)).toThrow(
        `${name}expected x (…, C) and weight (V, C), got (2, 3) and (5, 4)`,
      );
      expect(() => linearCrossEntropy(zeros([3, 4]), w, null, t)).toThrow(
        `${name}expected a target for each row (logits or x of shape (…, n), targets (…)), got (3, 4) and (2)`,
      );
      expect(() => linearCrossEntropy(x, w, zeros([4]), t)).toThrow(
        `${name}expected bias (5), got (4)`,
      );
      expect(() => linearCrossEntropy(x, w, null, zeros([2]))).toThrow(
        `${name}expected int32 indices, got float32 of shape (2)`,
      );
      expect(() => linearCrossEntropy(t, w, null, t)).toThrow(
        `${name}expected a float32 tensor, got int32 of shape (2)`,
      );
      expect(() => linearCrossEntropy(x, w, null, t, { maxLogits: Number.NaN })).toThrow(
        `${name}expected maxLogits to be a number of at least 1, got NaN`,
      );
    });
  });
});
