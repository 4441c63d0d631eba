import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels, named } from '../../../test/suites/backends.js';
import { checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { Generator } from '../../util/random.js';
import {
  type AttentionOptions,
  causalAttention,
  causalSelfAttention,
  concat,
  noGrad,
  plainAttention,
  RandomSource,
  scope,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from '../index.js';

/** Drawn values, the same for the same seed. */
function drawn(seed: number, shape: number[], scale = 1): Tensor {
  const random = new Generator(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  const next = () => scale * 2 * (random.uniform() + random.uniform() + random.uniform() - 1.5);
  return tensor(Float32Array.from({ length: count }, next), { shape });
}

const problem = fc.record({
  B: fc.constantFrom(1, 2),
  kvHeads: fc.constantFrom(1, 2),
  group: fc.constantFrom(1, 2, 3),
  Tq: fc.constantFrom(1, 2, 3, 5, 17, 33),
  past: fc.constantFrom(0, 0, 1, 4, 40),
  spare: fc.constantFrom(0, 0, 2),
  D: fc.constantFrom(1, 2, 3, 8, 17),
  window: fc.constantFrom(undefined, undefined, 1, 3, 20, 1000),
  softcap: fc.constantFrom(undefined, undefined, 1.5),
  dropout: fc.constantFrom(0, 0, 0.3, 1),
  scale: fc.constantFrom(undefined, 0.7),
});
type Problem = typeof problem extends fc.Arbitrary<infer P> ? P : never;

function shapesOf({ B, kvHeads, group, Tq, past, spare, D }: Problem) {
  const capacity = Tq + past + spare;
  return { q: [B, Tq, kvHeads * group, D], k: [B, capacity, kvHeads, D] };
}

function optionsOf(p: Problem): AttentionOptions {
  const { window, softcap, dropout, scale, Tq, past, spare } = p;
  const random = new RandomSource(3, 1);
  random.take(8); // from anywhere in the stream
  const keys = spare > 0 ? { keys: Tq + past } : {};
  return {
    ...keys,
    ...(window === undefined ? {} : { window }),
    ...(softcap === undefined ? {} : { softcap }),
    ...(scale === undefined ? {} : { scale }),
    dropout,
    random,
  };
}

/** y and the gradients of Σ w · y, w drawn. */
function differentiate(inputs: readonly Tensor[], run: (...x: Tensor[]) => Tensor): Tensor[] {
  const leaves = inputs.map((x) => x.clone().detach().requireGrad());
  const y = run(...leaves);
  y.backward(drawn(99, [...y.shape]));
  return [y.detach(), ...leaves.map((x) => x.grad!)];
}

function expectNear(actual: Tensor, wanted: Tensor, within: number): void {
  expect(actual.shape).toEqual(wanted.shape);
  const [a, b] = [actual.doublesSync(), wanted.doublesSync()];
  const scale = b.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  a.forEach((x, i) => {
    if (!(Math.abs(x - b[i]) <= within * scale)) expect.fail(`at ${i}: ${x}, expected ${b[i]}`);
  });
}

const bits = (x: Tensor) => [...x.dataSync()];

describe('causalAttention', () => {
  it('has the slopes of what it computes, in every option', () => {
    const small = problem.filter((p) => p.Tq * p.D <= 40);
    property(small, (p) => {
      const { q, k } = shapesOf(p);
      checkOperation({
        inputs: [q, k, k],
        run: (...x) => causalAttention(...at3(x), optionsOf(p)),
      });
    });
  });

  it('is its plain twin, in value and gradients, weights dropped alike', () => {
    property(problem, (p) => {
      scope(() => {
        const { q, k } = shapesOf(p);
        const inputs = [drawn(1, q), drawn(2, k), drawn(3, k)];
        const fused = differentiate(inputs, (...x) => causalAttention(...at3(x), optionsOf(p)));
        const plain = differentiate(inputs, (...x) => plainAttention(...at3(x), optionsOf(p)).y);
        fused.forEach((x, i) => {
          expectNear(x, plain[i], 1e-5);
        });
      });
    });
  });

  it.each([
    { B: 2, H: 3, kvHeads: 3, T: 300, D: 64, dropout: 0.1 },
    { B: 1, H: 4, kvHeads: 1, T: 530, D: 80, dropout: 0 },
    { B: 1, H: 1, kvHeads: 1, T: 70, D: 256, dropout: 0 },
  ])('is its plain twin at $T positions of $D', ({ B, H, kvHeads, T, D, dropout }) => {
    scope(() => {
      const inputs = [H, kvHeads, kvHeads].map((heads, i) => drawn(i, [B, T, heads, D]));
      const options = () => ({ dropout, random: new RandomSource(5) });
      const fused = differentiate(inputs, (...x) => causalAttention(...at3(x), options()));
      const plain = differentiate(inputs, (...x) => plainAttention(...at3(x), options()).y);
      fused.forEach((x, i) => {
        expectNear(x, plain[i], 1e-5);
      });
    });
  });

  it('gives a position the same, bit for bit, alone, from a cache and among all', () => {
    scope(() => {
      const [B, T, H, D] = [2, 150, 2, 24];
      const [q, k, v] = [1, 2, 3].map((seed) => drawn(seed, [B, T, H, D], 2));
      for (const window of [undefined, 70]) {
        const options = window === undefined ? {} : { window };
        const all = causalAttention(q, k, v, options);
        for (const [from, to] of [
          [0, 1],
          [63, 64],
          [64, 65],
          [100, 133],
          [149, 150],
        ]) {
          const part = causalAttention(q.narrow(1, from, to - from), k, v, {
            ...options,
            keys: to,
          });
          expect(bits(part)).toEqual(bits(all.narrow(1, from, to - from)));
        }
      }
    });
  });

  it('never lets what lies ahead through, not even as NaN', () => {
    scope(() => {
      const T = 100;
      const [q, k, v] = [1, 2, 3].map((seed) => drawn(seed, [1, T, 2, 16]));
      const before = bits(causalAttention(q, k, v).narrow(1, 0, 70));
      for (const poison of [NaN, Infinity, 1e38]) {
        for (const i of [0, 1, 2]) {
          const parts = [q, k, v].map((x, j) =>
            j === i
              ? concat(
                  [
                    x.narrow(1, 0, 70),
                    x
                      .narrow(1, 70, T - 70)
                      .mul(0)
                      .add(poison),
                  ],
                  1,
                )
              : x,
          );
          const y = causalAttention(...at3(parts));
          expect(bits(y.narrow(1, 0, 70))).toEqual(before);
          if (Number.isNaN(poison))
            expect(bits(y.narrow(1, 70, 30)).every(Number.isNaN)).toBe(true);
        }
      }
    });
  });

  it('keeps its digits at scores of 10⁴, and takes equal ones for equal', () => {
    scope(() => {
      const [q, k] = [drawn(1, [1, 80, 1, 8]), drawn(2, [1, 80, 1, 8])];
      const big = [q.mul(100), k.mul(100), drawn(3, [1, 80, 1, 8])];
      const fused = differentiate(big, (...x) => causalAttention(...at3(x), { scale: 1 }));
      const plain = differentiate(big, (...x) => plainAttention(...at3(x), { scale: 1 }).y);
      fused.forEach((x, i) => {
        expectNear(x, plain[i], 2e-3); // rounding of the scores themselves
      });
      // Equal scores of 10⁴: a running mean of the values, exactly as the weights 1/n allow.
      const same = tensor(new Float32Array(70).fill(100), { shape: [1, 70, 1, 1] });
      const values = tensor(
        Float32Array.from({ length: 70 }, (_, i) => i),
        { shape: [1, 70, 1, 1] },
      );
      const y = causalAttention(same, same, values, { scale: 1 }).doublesSync();
      y.forEach((mean, i) => {
        expect(mean).toBeCloseTo(i / 2, 4);
      });
    });
  });

  it('gives NaN to a query whose scores are all −∞, as softmax does, and to no other', () => {
    scope(() => {
      const q = tensor([[1], [1], [1]], { shape: [1, 3, 1, 1] });
      const k = tensor([[-Infinity], [-Infinity], [2]], { shape: [1, 3, 1, 1] });
      const y = causalAttention(q, k, tensor([[1], [2], [3]], { shape: [1, 3, 1, 1] }));
      expect(bits(y)).toEqual([NaN, NaN, 3]);
    });
  });

  it('has zero gradients where no query looks, and empty results of nothing', () => {
    scope(() => {
      const k = drawn(2, [1, 9, 1, 2]).requireGrad();
      const v = drawn(3, [1, 9, 1, 2]).requireGrad();
      causalAttention(drawn(1, [1, 2, 1, 2]), k, v, { keys: 7, window: 2 })
        .sum()
        .backward();
      const used = bits(v.grad!).map((x) => x !== 0);
      expect(used).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0].flatMap((x) => [x === 1, x === 1]));
      for (const shape of [
        [0, 3, 2, 4],
        [2, 0, 2, 4],
        [2, 3, 2, 0],
      ]) {
        const x = zeros(shape).requireGrad();
        const y = causalAttention(x, x, x);
        expect(y.shape).toEqual(shape);
        y.sum().backward();
        expect(x.grad!.shape).toEqual(shape);
      }
      const past = zeros([1, 3, 1, 2]).requireGrad();
      causalAttention(zeros([1, 0, 1, 2]), past, past)
        .sum()
        .backward();
      expect(bits(past.grad!)).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });

  it.each(named(kernels))('gives the same bits on any number of threads, %s', (_, backend) => {
    const before = backend.threads;
    const on = (body: () => void) => withBackend(backend, () => scope(body));
    try {
      on(() => {
        const inputs = [1, 2, 3].map((seed) => drawn(seed, [1, 600, 2, 32]));
        const results = [1, 2, 3].map((threads) => {
          backend.setThreads(threads);
          const options = { dropout: 0.2, random: new RandomSource(1) };
          return differentiate(inputs, (...x) => causalAttention(...at3(x), options)).map(bits);
        });
        expect(results[1]).toEqual(results[0]);
        expect(results[2]).toEqual(results[0]);
      });
    } finally {
      backend.setThreads(before);
    }
  });

  it.each(named(kernels))(
    'holds two numbers a row for the backward, and no map, %s',
    (_, backend) => {
      const on = (body: () => void) => withBackend(backend, () => scope(body));
      on(() => {
        const x = drawn(1, [1, 1024, 1, 8]).requireGrad();
        const before = backend.memory.bytesInUse;
        const y = causalAttention(x, x, x);
        const held = backend.memory.bytesInUse - before;
        expect(held).toBeLessThan(1.2 * 4 * 1024 * (8 + 2)); // a map is 4 · 1024²
        y.sum().backward();
      });
    },
  );

  it('notices what was changed in place, or freed', () => {
    scope(() => {
      const [q, k, v] = [1, 2, 3].map((seed) => drawn(seed, [1, 3, 1, 2]).requireGrad());
      const y = causalAttention(q, k, v);
      noGrad(() => v.fill_(0));
      expect(() => y.sum().backward()).toThrow('causalAttention needs its input 2');
      k.detach().dispose();
      expect(() => causalAttention(q, k, v)).toThrow('freed');
    });
  });

  it('refuses what does not belong together, naming it', () => {
    scope(() => {
      const x = zeros([2, 3, 4, 8]);
      const refuse = (run: () => unknown, message: string) => expect(run).toThrow(message);
      refuse(() => causalAttention(zeros([2, 3, 8]), x, x), 'got (2, 3, 8)');
      refuse(() => causalAttention(x, zeros([2, 3, 3, 8]), zeros([2, 3, 3, 8])), 'divide H');
      refuse(() => causalAttention(x, x, zeros([2, 3, 4, 9])), 'got (2, 3, 4, 8)');
      refuse(
        () => causalAttention(x, zeros([2, 2, 4, 8]), zeros([2, 2, 4, 8])),
        '3 queries, 2 keys',
      );
      refuse(() => causalAttention(x, x, x, { keys: 4 }), '4 keys in use of 3');
      refuse(() => causalAttention(x, x, x, { window: 0 }), 'window to be a whole number');
      refuse(
        () => causalAttention(x, x, x, { dropout: 1.5 }),
        'dropout to be a number from 0 to 1',
      );
      refuse(() => causalAttention(x, x, x, { scale: NaN }), 'expected scale to be a number');
      refuse(() => causalAttention(x, x, x, { softcap: -1 }), 'expected softcap to be a number');
      refuse(() => causalAttention(x, x, x, { random: 3 as never }), 'random to be a RandomSource');
      refuse(() => causalAttention(x, x, x, 0.1 as never), 'expected options');
      refuse(() => causalAttention(3 as never, x, x), 'got 3');
    });
  });
});

function at3(x: readonly Tensor[]): [Tensor, Tensor, Tensor] {
  return [x[0], x[1], x[2]];
}

describe('causalSelfAttention', () => {
  it('is causalAttention of the parts, with its gradient in one piece, to the bit', () => {
    scope(() => {
      for (const [heads, kvHeads, D, T] of [
        [4, 4, 8, 20],
        [4, 2, 3, 70],
        [3, 1, 33, 7],
      ]) {
        const options = () => ({ dropout: 0.2, window: 50, random: new RandomSource(2) });
        const x = drawn(1, [2, T, (heads + 2 * kvHeads) * D]);
        const whole = differentiate([x], (x) =>
          causalSelfAttention(x, { heads, kvHeads, ...options() }),
        );
        const parts = differentiate([x], (x) => {
          const from = [0, heads * D, (heads + kvHeads) * D];
          const count = [heads, kvHeads, kvHeads];
          const [q, k, v] = from.map((at, i) =>
            x.narrow(2, at, count[i] * D).reshape(2, T, count[i], D),
          );
          return causalAttention(q, k, v, options()).reshape(2, T, heads * D);
        });
        expect(whole.map(bits)).toEqual(parts.map(bits));
      }
    });
  });

  it('refuses channels that are no heads', () => {
    expect(() => causalSelfAttention(zeros([1, 2, 10]), { heads: 2 })).toThrow('got (1, 2, 10)');
    expect(() => causalSelfAttention(zeros([1, 2, 12]), { heads: 0 })).toThrow('expected heads');
    expect(() => causalSelfAttention(zeros([1, 2, 12]), { heads: 2, kvHeads: 4 })).toThrow(
      'divide',
    );
    expect(() => causalSelfAttention(zeros([2, 12]), { heads: 2 })).toThrow('got (2, 12)');
  });
});

describe('plainAttention', () => {
  it('gives the maps: rows of weights that sum to 1, nothing ahead', () => {
    scope(() => {
      const x = drawn(4, [1, 5, 2, 3]);
      const { maps } = plainAttention(x, x, x, { window: 3 });
      expect(maps.shape).toEqual([1, 2, 5, 5]);
      const rows = maps.toArraySync() as number[][][][];
      for (const row of rows[0].flatMap((head) => head.map((weights, i) => ({ weights, i })))) {
        row.weights.forEach((w, j) => {
          expect(w > 0).toBe(j <= row.i && j > row.i - 3);
        });
        expect(row.weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      }
    });
  });
});
