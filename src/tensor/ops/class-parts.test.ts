import { describe, expect, it } from 'vitest';
import { kernels, named } from '../../../test/suites/backends.js';
import { checkOperation } from '../../../test/suites/gradcheck.suite.js';
import { crc32 } from '../../util/crc32.js';
import { Generator } from '../../util/random.js';
import {
  type ClassRanks,
  linearCrossEntropy,
  manualSeed,
  randn,
  scope,
  type Tensor,
  tensor,
  withBackend,
} from '../index.js';
import { firstClass } from './class-parts.js';

/** What one process lacks of the others, when it is asked for: it is computed anew once all have said their part. */
class Lacking extends Error {}

/** Processes that come by one after the other, again and again, until each knows what all would have told it. */
class TakingTurns {
  readonly #said: Float64Array[][] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** What all said in their `round`-th exchange, or null; puts down what this one says. */
  #meet(rank: number, round: number, own: Float64Array): Float64Array[] {
    this.#said[round] ??= [];
    const all = this.#said[round];
    all[rank] = own.slice();
    for (let i = 0; i < this.#size; i++) if (!all[i]) throw new Lacking();
    return all;
  }

  ranks(rank: number): ClassRanks {
    let round = 0;
    const meet = (own: ArrayLike<number>) => this.#meet(rank, round++, Float64Array.from(own));
    return {
      rank,
      gather: (own) => {
        const all = meet(own.dataSync() as ArrayLike<number>).flatMap((values) => [...values]);
        const shape = [this.#size * own.shape[0]!, ...own.shape.slice(1)];
        const typed = own.dtype === 'int32' ? Int32Array.from(all) : all;
        return tensor(typed, { shape });
      },
      most: (numbers) => {
        const all = meet(numbers);
        numbers.set(numbers.map((_, i) => Math.max(...all.map((values) => values[i]!))));
      },
      plus: (numbers) => {
        const all = meet(numbers);
        numbers.set(numbers.map((_, i) => treeSum(all.map((values) => values[i]!))));
      },
      begin: () => {},
      sum: (own) => {
        const all = meet(own.dataSync() as ArrayLike<number>);
        const parts = all.map((values) => tensor(values, { shape: own.shape }));
        own.copy_(inTree(parts));
      },
    };
  }

  /** What each process computes. */
  run<T>(compute: (ranks: ClassRanks, rank: number) => T): T[] {
    for (let turn = 0; turn < 10; turn++) {
      try {
        let lacks = false;
        const found = Array.from({ length: this.#size }, (_, rank) => {
          try {
            return compute(this.ranks(rank), rank);
          } catch (error) {
            if (!(error instanceof Lacking)) throw error;
            lacks = true;
            return null as T;
          }
        });
        if (!lacks) return found;
      } finally {
        // The next turn says the same again.
      }
    }
    throw new Error('the processes never agreed');
  }
}

function treeSum(values: readonly number[]): number {
  if (values.length === 1) return values[0]!;
  const middle = values.length / 2;
  return treeSum(values.slice(0, middle)) + treeSum(values.slice(middle));
}

function inTree(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0]!;
  const middle = parts.length / 2;
  return inTree(parts.slice(0, middle)).add(inTree(parts.slice(middle)));
}

/** As one number, so that a difference is found fast in millions of values. */
const bitsOf = (values: Tensor) => {
  const { buffer } = values.dataSync();
  return crc32(new Uint8Array(buffer));
};

const leaf = (values: Tensor) => values.detach().requireGrad();

describe('linearCrossEntropy over classes in parts', () => {
  it('is crossEntropy of linear, in value and in every gradient', () => {
    const targets = { shape: [2, 3], values: [0, 4, -100, 10, 5, 7], int: true };
    for (const parts of [1, 2, 4]) {
      for (const bias of [true, false]) {
        checkOperation({
          inputs: [[2, 3, 4], [11, 4], ...(bias ? [[11]] : []), targets],
          run: (x, w, b, t) =>
            linearCrossEntropy(x, w, bias ? b : null, bias ? t : b, {
              classParts: { parts },
            }).mul(0.25),
        });
      }
    }
  });

  describe.each(named(kernels))('on %s', (_, backend) => {
    it.each([
      [2, 17, 5, 40],
      [4, 16, 23, 300],
      [2, 50, 9000, 24], // long enough sums over classes to be cut
      [4, 20, 20_000, 24],
      [2, 600, 700, 30], // and over rows
      [4, 520, 64, 70],
      [8, 16, 17, 16],
      [2, 130, 8300, 260], // too many results for the rows of all to be one product
    ])('%i processes with %i rows each, %i classes, %i channels: the bits of one', (P, N, V, C) => {
      withBackend(backend, () => {
        manualSeed(P * V);
        const generator = new Generator(N, 1);
        const [x, w, b] = [randn(P * N, C), randn(V, C), randn(V)];
        const ids = Int32Array.from({ length: P * N }, () => Math.floor(generator.uniform() * V));
        ids[3] = -100;
        const rowsOf = (rank: number) => leaf(x.narrow(0, rank * N, N));
        const targetsOf = (rank: number) => tensor(ids.subarray(rank * N, (rank + 1) * N));
        const alone = Array.from({ length: P }, (_, rank) => {
          const [own, weight, bias] = [rowsOf(rank), leaf(w), leaf(b)];
          const loss = linearCrossEntropy(own, weight, bias, targetsOf(rank), {
            classParts: { parts: P },
          });
          loss.backward();
          return { loss: loss.itemSync(), x: own.grad!, w: weight.grad!, b: bias.grad! };
        });
        const [wSum, bSum] = [inTree(alone.map(({ w }) => w)), inTree(alone.map(({ b }) => b))];
        const apart = new TakingTurns(P).run((ranks, rank) => {
          const [own, weight, bias] = [rowsOf(rank), leaf(w), leaf(b)];
          const loss = linearCrossEntropy(own, weight, bias, targetsOf(rank), {
            classParts: { parts: P, ranks },
          });
          loss.backward();
          return { loss: loss.itemSync(), x: own.grad!, w: weight.grad!, b: bias.grad! };
        });
        apart.forEach((found, rank) => {
          const [first, last] = [rank, rank + 1].map((part) => firstClass(part, { parts: P }, V));
          const count = last! - first!;
          expect(found.loss).toBe(alone[rank]!.loss);
          expect(bitsOf(found.x)).toBe(bitsOf(alone[rank]!.x));
          const rows = (t: Tensor) => bitsOf(t.narrow(0, first!, count));
          expect(rows(found.w)).toBe(rows(wSum));
          expect(rows(found.b)).toBe(rows(bSum));
        });
      });
    });
  });

  it('says what it cannot do', () => {
    scope(() => {
      const [x, w, t] = [randn(4, 3), randn(5, 3), tensor(Int32Array.of(0, 1, 2, 3))];
      const run = (classParts: object, more = {}) =>
        linearCrossEntropy(x, w, null, t, { classParts: classParts as never, ...more });
      const name = 'linearCrossEntropy: ';
      expect(() => run({ parts: 3 })).toThrow(
        `${name}expected a power of two of classParts.parts, at most 2, got 3`,
      );
      expect(() => run({ parts: 8 })).toThrow('at most 2, got 8');
      expect(() => run({ parts: 0.5 })).toThrow(/parts to be a whole number/);
      expect(() => run({ parts: 2 }, { labelSmoothing: 0.1 })).toThrow(
        `${name}classParts goes without labelSmoothing, got 0.1`,
      );
      const bad = tensor(Int32Array.of(0, 1, 5, 3));
      expect(() => linearCrossEntropy(x, w, null, bad, { classParts: { parts: 2 } })).toThrow(
        `${name}expected targets from 0 to 4, got 5 at position 2`,
      );
    });
  });
});
