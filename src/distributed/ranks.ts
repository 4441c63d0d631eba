/**
 * The processes that train one model together, as whoever trains sees them. Alone is a world of one, in
 * which every exchange gives back what came: nothing above this interface asks which it is.
 */
import type { RowGradient, Tensor } from '../tensor/index.js';

/** Combines two numbers. Commutative, or the ranks would not all get the same. */
export type Combine = (a: number, b: number) => number;

/** Elements of a tensor from `begin` on, and the sum of all ranks there, which is there for the call only. */
export interface SummedStretch {
  readonly begin: number;
  readonly sum: Tensor;
}

/**
 * All ranks call the same methods in the same order; each call returns on every rank with the same bits.
 * Sums are made in a fixed tree: neighbours first, (0 + 1) + (2 + 3).
 */
export interface Ranks {
  /** Which one this is, from 0. Rank 0 alone writes. */
  readonly rank: number;
  /** How many there are: a power of two. */
  readonly size: number;
  /** Combines the numbers of all ranks, place by place, in place. */
  reduce(values: Float64Array, combine: Combine): void;
  /**
   * Begins to hand over a float32 tensor that the next `sum` or `sumInto` is to add up, and that is not changed
   * before. All ranks do so for the same ones, in whatever order, and give each the same number, from 0.
   */
  begin(tensor: Tensor, number: number): void;
  /** Adds up float32 tensors of all ranks, in place. */
  sum(tensors: readonly Tensor[]): void;
  /**
   * Adds up float32 tensors of all ranks and makes something of the sums: on each rank `update` makes its own
   * stretches of `results`. Then all have all of the results; the tensors are left with sums of some ranks.
   */
  sumInto(
    tensors: readonly Tensor[],
    results: readonly Tensor[],
    update: (i: number, stretch: SummedStretch) => void,
  ): void;
  /** Adds up a gradient by rows of all ranks; `gradient`, which may be null, is taken over. In the scope at hand. */
  sumRows(weight: Tensor, gradient: RowGradient | null): RowGradient | null;
  /** Gives every rank the values of each float32 tensor that its owner has. */
  share(tensors: readonly Tensor[], owners: readonly number[]): void;
  /**
   * Begins to hand float32 tensors to every other rank, which may be changed at once, and to receive what rank i gives into
   * `wanted[i]`; a rank's own place is not looked at. The function returned waits for what is wanted, not for the others to take what was given.
   */
  handOver(given: readonly Tensor[], wanted: readonly Tensor[]): () => void;
  /** Milliseconds spent in exchanges and waiting for others so far. */
  readonly waitedMs: number;
}

/** A world of one. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  reduce: () => {},
  begin: () => {},
  sum: () => {},
  sumInto: (tensors, _results, update) => {
    tensors.forEach((sum, i) => {
      update(i, { begin: 0, sum });
    });
  },
  sumRows: (_weight, gradient) => gradient,
  share: () => {},
  handOver: () => () => {},
  waitedMs: 0,
};

/** `Math.max`, and `+`, as ranks combine. */
export const most: Combine = Math.max;
export const plus: Combine = (a, b) => a + b;

/** A clock that stands still while a rank waits for others: milliseconds. */
export function workClock({ waitedMs }: Pick<Ranks, 'waitedMs'>): number {
  return performance.now() - waitedMs;
}

/** One number of each rank, by rank. */
export function gather(ranks: Ranks, value: number): Float64Array {
  const all = new Float64Array(ranks.size);
  all[ranks.rank] = value;
  ranks.reduce(all, plus);
  return all;
}
