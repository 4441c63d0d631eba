/**
 * The gradient kernels against central finite differences, in double precision on the reference
 * backend: what the other suites then hold every backend to is a true gradient.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UnaryOp } from '../../../src/backend/backend.js';
import { UNARY_OP } from '../../../src/backend/kernel-interface.js';
import { ReferenceBackend } from '../../../src/backend/reference.js';
import { Draw, oneOf } from './check.suite.js';

const backend = new ReferenceBackend({ precision: 'float64' });
const zeros = (count: number) => new Float64Array(count);
const doubles = (d: Draw, count: number) => Float64Array.from(d.values(count, 1.5));

/** Errors of the differences: about STEP² from the third derivative, 1e-16 / STEP from rounding. */
const STEP = 1e-5;
const RELATIVE = 1e-6;

/**
 * Compares `backward(dy)` with the slope of Σ dy · forward(x) in each element of x, where dy is drawn.
 */
function checkGradient(
  d: Draw,
  x: Float64Array,
  forward: (x: Float64Array) => Float64Array,
  backward: (dy: Float64Array, x: Float64Array, y: Float64Array) => Float64Array,
): void {
  const y = forward(x);
  const dy = doubles(d, y.length);
  const dx = backward(dy, x, y);
  const at = (j: number, step: number) => {
    const moved = x.slice();
    moved[j] += step;
    return forward(moved).reduce((sum, value, i) => sum + dy[i] * value, 0);
  };
  for (let j = 0; j < x.length; j++) {
    const slope = (at(j, STEP) - at(j, -STEP)) / (2 * STEP);
    expect(Math.abs(dx[j] - slope), `dx[${j}] = ${dx[j]}, slope ${slope}`).toBeLessThan(
      RELATIVE * (1 + Math.abs(slope)),
    );
  }
}

/** A test over drawn sizes and values. */
function gradient(title: string, test: (d: Draw, rows: number, cols: number) => void): void {
  it(title, () => {
    const drawn = [fc.integer(), oneOf(1, 2, 3), oneOf(1, 2, 5, 8)] as const;
    fc.assert(
      fc.property(...drawn, (seed, rows, cols) => test(new Draw(seed, 0), rows, cols)),
      { seed: 1, numRuns: 25, includeErrorInReport: true },
    );
  });
}

/** The parameter of those that take one. */
const LEAK = 0.2;

/** Away from whole numbers and from halves. */
function offSteps(x: number): number {
  return Math.round(2 * x) / 2 + 0.1;
}

/** Values for which f is smooth within STEP: beside kinks, inside domains. */
const DOMAIN: Partial<Record<UnaryOp, (x: number) => number>> = {
  abs: (x) => x + 0.01 * Math.sign(x),
  relu: (x) => x + 0.01 * Math.sign(x),
  leakyRelu: (x) => x + 0.01 * Math.sign(x),
  reluSquared: (x) => x + 0.01 * Math.sign(x),
  log: (x) => Math.abs(x) + 0.05,
  sqrt: (x) => Math.abs(x) + 0.05,
  log1p: (x) => Math.abs(x) - 0.9,
  rsqrt: (x) => Math.abs(x) + 0.5,
  reciprocal: (x) => x + Math.sign(x),
  pow: (x) => Math.abs(x) + 0.05,
  ...{ sign: offSteps, floor: offSteps, ceil: offSteps, round: offSteps },
  clampMin: (x) => x + 0.01 * Math.sign(x - LEAK),
  clampMax: (x) => x + 0.01 * Math.sign(x - LEAK),
};
const UNARY = Object.keys(UNARY_OP) as UnaryOp[];
const IGNORED = -1;

function unaryGradients(): void {
  for (const op of UNARY) {
    gradient(op, (d, rows, cols) => {
      const count = rows * cols;
      const x = doubles(d, count).map(DOMAIN[op] ?? ((v) => v));
      checkGradient(
        d,
        x,
        (x) => {
          const y = zeros(count);
          backend.unary(op, y, x, count, LEAK);
          return y;
        },
        (dy, x, y) => {
          const dx = zeros(count);
          backend.unaryBackward(op, dx, dy, x, y, count, LEAK);
          return dx;
        },
      );
    });
  }
}

function rowGradients(): void {
  for (const log of [false, true]) {
    gradient(log ? 'log-softmax' : 'softmax', (d, rows, cols) =>
      checkGradient(
        d,
        doubles(d, rows * cols),
        (x) => {
          const y = zeros(rows * cols);
          backend.softmax(y, x, rows, cols, log);
          return y;
        },
        (dy, _, y) => {
          const dx = zeros(rows * cols);
          backend.softmaxBackward(dx, dy, y, rows, cols, log);
          return dx;
        },
      ),
    );
  }

  for (const smoothing of [0, 0.1]) {
    gradient(`mean cross-entropy, label smoothing ${smoothing}`, (d, rows, cols) => {
      const targets = d.ints(rows, cols).map((t, r) => (r > 0 && d.below(3) === 0 ? IGNORED : t));
      const lse = zeros(2 * rows);
      const out = zeros(2); // the mean loss, the count
      const forward = (x: Float64Array) => {
        const losses = zeros(rows);
        backend.crossEntropy(losses, lse, x, cols, targets, rows, cols, smoothing, IGNORED);
        backend.meanLoss(out, losses, targets, rows, IGNORED);
        return out.slice(0, 1);
      };
      checkGradient(d, doubles(d, rows * cols), forward, (dy, x) => {
        forward(x);
        const dx = zeros(rows * cols);
        // In two blocks of columns, as the fused product with the logits' weights makes it.
        const left = d.below(cols + 1);
        for (const [column0, width] of [
          [0, left],
          [left, cols - left],
        ]) {
          const [to, from] = [dx.subarray(column0), x.subarray(column0)];
          const block = [rows, width, column0, cols, smoothing, IGNORED] as const;
          backend.crossEntropyBackward(to, from, cols, lse, targets, ...block, dy, out.subarray(1));
        }
        return dx;
      });
    });
  }
}

function movingGradients(): void {
  gradient('max over the middle dimension', (d, outer, count) => {
    const inner = 3;
    // Apart from one another, so that a step does not change which is the greatest.
    const x = Float64Array.from({ length: outer * count * inner }, (_, i) => i * 0.1);
    x.forEach((v, i) => {
      const j = d.below(x.length);
      [x[i], x[j]] = [x[j], v];
    });
    checkGradient(
      d,
      x,
      (x) => {
        const y = zeros(outer * inner);
        backend.reduce('max', y, x, outer, count, inner);
        return y;
      },
      (dy, x, y) => {
        const dx = zeros(x.length);
        backend.maxBackward(dx, dy, x, y, outer, count, inner);
        return dx;
      },
    );
  });

  gradient('cumsum', (d, outer, count) => {
    const length = outer * count * 2;
    for (const reverse of [false, true]) {
      const scan = (x: Float64Array, backwards: boolean) => {
        const y = zeros(length);
        backend.cumsum(y, x, outer, count, 2, backwards);
        return y;
      };
      checkGradient(
        d,
        doubles(d, length),
        (x) => scan(x, reverse),
        (dy) => scan(dy, !reverse),
      );
    }
  });

  gradient('prod, with zeros', (d, outer, count) => {
    const x = doubles(d, outer * count * 2).map((v) => (d.below(5) === 0 ? 0 : v));
    checkGradient(
      d,
      x,
      (x) => {
        const y = zeros(outer * 2);
        backend.prod(y, x, outer, count, 2);
        return y;
      },
      (dy, x) => {
        const dx = zeros(x.length);
        backend.prodBackward(dx, dy, x, outer, count, 2);
        return dx;
      },
    );
  });

  gradient('taking by index', (d, outer, size) => {
    for (const shared of [true, false]) {
      const ids = d.ints(shared ? 7 : outer * 7 * 2, size);
      checkGradient(
        d,
        doubles(d, outer * size * 2),
        (x) => {
          const out = zeros(outer * 7 * 2);
          backend.take(out, x, ids, outer, size, 7, 2, shared);
          return out;
        },
        (dy) => {
          const dx = zeros(outer * size * 2);
          backend.put(dx, dy, ids, outer, size, 7, 2, shared, true);
          return dx;
        },
      );
    }
  });

  gradient('looking up rows', (d, vocab, width) => {
    const ids = d.ints(7, vocab);
    checkGradient(
      d,
      doubles(d, vocab * width),
      (weight) => {
        const out = zeros(7 * width);
        backend.gatherRows(out, weight, ids, 7, vocab, width);
        return out;
      },
      (dy) => {
        const [rows, values, dense] = [new Int32Array(7), zeros(7 * width), zeros(vocab * width)];
        const distinct = backend.sumRowsById(rows, values, dy, ids, 7, width);
        backend.addRows(dense, rows, values, distinct, width);
        return dense;
      },
    );
  });

  gradient('expanding and transposing', (d, m, n) => {
    // x (m, n) → out (n, 4, m)
    const [shape, from, to] = [
      [n, 4, m],
      [1, 0, n],
      [4 * m, m, 1],
    ] as const;
    checkGradient(
      d,
      doubles(d, m * n),
      (x) => {
        const out = zeros(4 * m * n);
        backend.copyStrided(out, x, 'float32', shape, to, from, false);
        return out;
      },
      (dy) => {
        const dx = zeros(m * n);
        backend.copyStrided(dx, dy, 'float32', shape, from, to, true);
        return dx;
      },
    );
  });
}

export function gradientSuite(): void {
  describe('gradients against finite differences', () => {
    unaryGradients();
    rowGradients();
    movingGradients();

    it('a shared maximum shares its gradient', () => {
      const dx = zeros(4);
      backend.maxBackward(
        dx,
        Float64Array.of(6),
        Float64Array.of(2, 5, 5, 1),
        Float64Array.of(5),
        1,
        4,
        1,
      );
      expect([...dx]).toEqual([0, 3, 3, 0]);
    });
  });
}
