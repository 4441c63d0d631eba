/**
 * A step's micro-batches: which of them a rank takes, and in what order sums over them are made.
 *
 * The order is a tree that depends on their number alone: halves, and halves of these, down to an odd number,
 * which is added up one after the other. Ranks, a power of two, take equal stretches, which are whole
 * branches: wherever a branch is summed, the bits are the same.
 */
import type { Ranks } from '../distributed/ranks.js';
import type { TrainingSettings } from '../runs/settings.js';
import { type RowGradient, Scope, type Tensor } from '../tensor/index.js';
import { UsageError } from '../util/errors.js';

type Batches = Pick<TrainingSettings, 'batchSize' | 'gradAccumulation' | 'batchParts'>;

/** What one rank has of a step. */
export interface Share {
  /** Micro-batches of a step, over all ranks. */
  readonly total: number;
  /** This rank's: the first, and how many. */
  readonly first: number;
  readonly count: number;
  /** Windows in each. */
  readonly rows: number;
}

/** @throws UsageError when there are more ranks than equal shares: `partsFor` says how many parts it takes. */
export function shareOf(training: Batches, { rank, size }: Pick<Ranks, 'rank' | 'size'>): Share {
  const { batchSize, gradAccumulation, batchParts } = training;
  const total = gradAccumulation * batchParts;
  if (branchesOf(total) % size !== 0) {
    throw new UsageError(
      `${size} ranks: ${total} micro-batches (gradAccumulation × batchParts) cannot be shared out equally. Set batchParts=${partsFor(training, size)}.`,
    );
  }
  const count = total / size;
  return { total, first: rank * count, count, rows: batchSize / batchParts };
}

/** The fewest parts, from those set on, that give each of so many ranks a whole branch. */
export function partsFor({ gradAccumulation, batchParts }: Batches, size: number): number {
  let parts = batchParts;
  while (branchesOf(gradAccumulation * parts) % size !== 0) parts *= 2;
  return parts;
}

/** Into how many equal branches so many micro-batches can be halved: the greatest power of two that divides them. */
export function branchesOf(count: number): number {
  let branches = 1;
  while (count % (2 * branches) === 0) branches *= 2;
  return branches;
}

/**
 * Sums gradients of micro-batches in the tree's order. The latest sum is in the parameters themselves;
 * those that wait for their other half are kept beside them, at most one for each level.
 */
export class GradientTree {
  readonly #parameters: readonly Tensor[];
  /** Micro-batches whose sum is the smallest branch. */
  readonly #leaf: number;
  readonly #waiting: (Tensor | RowGradient | null)[][] = [];

  /** @param count micro-batches to come. */
  constructor(parameters: readonly Tensor[], count: number) {
    this.#parameters = parameters;
    this.#leaf = count / branchesOf(count);
  }

  /** The parameters have gathered the gradient of micro-batch `i`, too. */
  added(i: number, count: number): void {
    if ((i + 1) % this.#leaf !== 0) return;
    const branch = (i + 1) / this.#leaf;
    using _sums = new Scope();
    for (let width = 1; branch % (2 * width) === 0; width *= 2) this.#join();
    if (i + 1 < count) this.#waiting.push(this.#parameters.map((p) => p.gradientSlot().lift()));
  }

  /**
   * The parameter has gathered the gradient of the last micro-batch, and is not to wait until the others have:
   * `added` then has nothing left to do for it.
   */
  completed(parameter: Tensor): void {
    const i = this.#parameters.indexOf(parameter);
    if (i < 0) return;
    using _sums = new Scope();
    for (const gradients of this.#waiting.toReversed()) {
      parameter.gradientSlot().merge(parameter, gradients[i]!);
      gradients[i] = null;
    }
  }

  #join(): void {
    const other = this.#waiting.pop()!;
    this.#parameters.forEach((parameter, i) => {
      parameter.gradientSlot().merge(parameter, other[i]!);
    });
  }

  /** Frees what is still waiting: after a pass that failed. */
  clear(): void {
    for (const gradients of this.#waiting) {
      for (const gradient of gradients) {
        if (gradient === null) continue;
        if ('free' in gradient) gradient.free();
        else gradient.dispose();
      }
    }
    this.#waiting.length = 0;
  }
}
