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
import { firstClass } from './class-work.js';

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

  ranks(rank: number, cut: readonly number[]): ClassRanks {
    let round = 0;
    const meet = (own: ArrayLike<number>) => this.#meet(rank, round++, Float64Array.from(own));
    const valuesOf = (values: Tensor) => values.dataSync() as ArrayLike<number>;
    const fill = (place: Tensor, values: Float64Array) => {
      place.backend.write(place.pointer, 'float32', values);
    };
    return {
      rank,
      cut,
      handOver: (given, wanted) => {
        const all = meet(given.flatMap((own) => [...(valuesOf(own) as Float32Array)]));
        return () => {
          wanted.forEach((place, i) => {
            if (i !== rank) fill(place, all[i]!);
          });
        };
      },
    };
  }

  /** What each process computes. */
  run<T>(cut: readonly number[], compute: (ranks: ClassRanks, rank: number) => T): T[] {
    for (let turn = 0; turn < 10; turn++) {
      try {
        let lacks = false;
        const found = Array.from({ length: this.#size }, (_, rank) => {
          try {
            return compute(this.ranks(rank, cut), rank);
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
      [[0, 1, 2], 17, 5, 40],
      [[0, 3, 8], 17, 23, 40],
      [[0, 1, 2, 3, 4], 16, 23, 300],
      [[0, 7, 8, 11, 16], 16, 61, 300],
      [[0, 1, 2], 50, 9000, 24], // long enough sums over classes to be cut
      [[0, 9, 16], 50, 9000, 24],
      [[0, 1, 2, 3, 4], 20, 20_000, 24],
      [[0, 1, 2], 600, 700, 30], // and over rows
      [[0, 5, 8], 600, 700, 30],
      [[0, 1, 2, 3, 4], 520, 64, 70],
      [[0, 1, 2, 3, 4, 5, 6, 7, 8], 16, 17, 16],
      [[0, 1, 3, 4, 9, 10, 11, 15, 16], 16, 37, 16],
      [[0, 1, 2], 130, 8300, 260], // many results
    ])(
      'classes cut at %j, %i rows each, %i classes, %i channels: the bits of one',
      (cut, N, V, C) => {
        withBackend(backend, () => {
          const parts = cut.at(-1)!;
          manualSeed(N * V);
          const generator = new Generator(N, 1);
          const [x, w, b] = [randn(N, C), randn(V, C), randn(V)];
          const ids = Int32Array.from({ length: N }, () => Math.floor(generator.uniform() * V));
          ids[3] = -100;
          const compute = (ranks?: ClassRanks) => {
            const [own, weight, bias] = [leaf(x), leaf(w), leaf(b)];
            const classParts = { parts, ranks };
            const loss = linearCrossEntropy(own, weight, bias, tensor(ids), { classParts });
            loss.backward();
            return { loss: loss.itemSync(), x: own.grad!, w: weight.grad!, b: bias.grad! };
          };
          const alone = compute();
          const apart = new TakingTurns(cut.length - 1).run(cut, (ranks) => compute(ranks));
          apart.forEach((found, rank) => {
            const [first, last] = [cut[rank], cut[rank + 1]].map((at) =>
              firstClass(at!, { parts }, V),
            );
            const rows = (t: Tensor) => bitsOf(t.narrow(0, first!, last! - first!));
            expect(found.loss).toBe(alone.loss);
            expect(bitsOf(found.x)).toBe(bitsOf(alone.x));
            expect(rows(found.w)).toBe(rows(alone.w));
            expect(rows(found.b)).toBe(rows(alone.b));
          });
        });
      },
    );
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
      const cut = (...cut: number[]) => ({ parts: 2, ranks: { rank: 0, cut } });
      for (const wrong of [[0, 2, 1, 2], [1, 2], [0, 1], [0, 0, 2], []]) {
        expect(() => run(cut(...wrong))).toThrow(
          `${name}expected classParts.ranks.cut to ascend from 0 to 2, got [${wrong.join(', ')}]`,
        );
      }
      expect(() => run({ parts: 2, ranks: { rank: 2, cut: [0, 1, 2] } })).toThrow(
        `${name}expected a rank below 2, got 2`,
      );
      const bad = tensor(Int32Array.of(0, 1, 5, 3));
      expect(() => linearCrossEntropy(x, w, null, bad, { classParts: { parts: 2 } })).toThrow(
        `${name}expected targets from 0 to 4, got 5 at position 2`,
      );
    });
  });
});
