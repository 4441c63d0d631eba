/** What ranks hand each other in a step: gradients, losses, and what BatchNorm saw. */
import { most, plus, type Ranks } from '../distributed/ranks.js';
import type { Module } from '../nn/index.js';
import { batchNormsOf, type SharedBatches, type TrackedStatistics } from '../nn/index.js';
import { apply, noGrad, type Operation, Scope, type Tensor } from '../tensor/index.js';
import type { EarlyGradients } from './early-gradients.js';
import type { Share } from './micro-batches.js';

/** The forms of a gradient; where ranks have different ones, the greatest counts. */
const NONE = 0;
const ROWS = 1;
const DENSE = 2;

/**
 * Adds up the ranks' gradients, each rank's in its parameters: afterwards all have the same sum.
 *
 * @param isLeft which parameters' gradients are not to be added up yet, if they are dense.
 * @param early knows of gradients that were handed over already.
 * @returns those parameters.
 */
export function sumGradients(
  parameters: readonly Tensor[],
  ranks: Ranks,
  isLeft: (parameter: Tensor) => boolean = () => false,
  early: EarlyGradients | null = null,
): Tensor[] {
  const left: Tensor[] = [];
  if (ranks.size === 1) return left;
  const forms = Float64Array.from(parameters, formOf);
  ranks.reduce(forms, most);
  using _sums = new Scope();
  const dense: Tensor[] = [];
  const inFull: Tensor[] = [];
  parameters.forEach((parameter, i) => {
    const slot = parameter.gradientSlot();
    if (forms[i] === DENSE) {
      if (slot.isEmpty) slot.take(parameter, parameter.empty(parameter.shape).fill_(0));
      const gradient = slot.gradientOf(parameter)!;
      inFull.push(parameter);
      if (isLeft(parameter)) left.push(parameter);
      else dense.push(gradient);
    } else if (forms[i] === ROWS) {
      const sum = ranks.sumRows(parameter, slot.rows && (slot.lift() as typeof slot.rows));
      if (sum) slot.take(parameter, sum);
    }
  });
  early?.settle(inFull);
  ranks.sum(dense);
  return left;
}

function formOf(parameter: Tensor): number {
  if (parameter.rowGrad) return ROWS;
  return parameter.hasGrad ? DENSE : NONE;
}

/** The sum of one number of each rank, in the tree's order. */
export function sumNumber(value: number, ranks: Ranks): number {
  const sum = Float64Array.of(value);
  ranks.reduce(sum, plus);
  return sum[0]!;
}

/** y = Σ x over all ranks, each of which has a loss of its own to add: dx = Σ dy. */
const sumOverRanks: Operation<readonly [Tensor], Ranks> = {
  name: 'sumOverRanks',
  reads: () => false,
  forward: (_context, [x], ranks) => summed(x, ranks),
  backward: (_context, dy, ranks) => [summed(dy, ranks)],
};

function summed(x: Tensor, ranks: Ranks): Tensor {
  const sum = x.empty(x.shape).copy_(x);
  ranks.sum([sum]);
  return sum;
}

/**
 * What batches on all ranks add to BatchNorm's running statistics, added on each of them in the order of
 * the micro-batches, as one rank would have done.
 */
export class StatisticsExchange {
  readonly #norms;
  readonly #ranks: Ranks;
  readonly #shared: SharedBatches | null;
  readonly #seen: TrackedStatistics[] = [];

  /** @param isShared whether batches that ranks see at the same time have statistics in common. */
  constructor(model: Module, ranks: Ranks, isShared: boolean) {
    this.#norms = ranks.size === 1 ? [] : [...batchNormsOf(model).values()];
    this.#ranks = ranks;
    const { size } = ranks;
    this.#shared = isShared ? { size, sum: (x) => apply(sumOverRanks, [x], ranks) } : null;
  }

  /** From now on, layers put down what they see. */
  begin(): void {
    this.#seen.length = 0;
    for (const norm of this.#norms) {
      if (this.#shared) norm.share(this.#shared);
      else norm.record(this.#seen);
    }
  }

  /** They take it in as it comes again. */
  end(): void {
    for (const norm of this.#norms) {
      norm.record(null);
      norm.share(null);
    }
  }

  /** Takes in what all ranks put down. */
  exchange({ total, first, count }: Share): void {
    const seen = this.#seen;
    if (seen.length === 0) return;
    // Each micro-batch has seen the same layers in the same order.
    const each = seen.reduce((sum, { mean, variance }) => sum + mean.length + variance.length, 0);
    const all = new Float64Array((each / count) * total);
    let at = (each / count) * first;
    for (const { mean, variance } of seen) {
      all.set(mean, at);
      all.set(variance, at + mean.length);
      at += mean.length + variance.length;
    }
    this.#ranks.reduce(all, plus);
    const layers = seen.slice(0, seen.length / count);
    let from = 0;
    noGrad(() => {
      while (from < all.length) {
        for (const layer of layers) {
          const size = layer.mean.length;
          const mean = all.subarray(from, from + size);
          const variance = all.subarray(from + size, from + 2 * size);
          layer.norm.take({ ...layer, mean, variance });
          from += 2 * size;
        }
      }
    });
    seen.length = 0;
  }
}
