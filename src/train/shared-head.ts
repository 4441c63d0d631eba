/**
 * A wide last layer whose classes several ranks share out: each computes the logits of its own part of the
 * vocabulary for the rows of all, and keeps that part of the weight up to date. What travels is what the layer sees and the
 * gradient of that, not the weight, nor its gradient. The other parts are brought together when somebody looks.
 */
import { most, plus, type Ranks } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import type { Optimizer } from '../optim/index.js';
import type { TrainingSettings } from '../runs/settings.js';
import { type ClassParts, noGrad, type Tensor } from '../tensor/index.js';
import { firstClass, mostLogits } from '../tensor/internal.js';
import { branchesOf, type Share } from './micro-batches.js';
import { type Place, withoutState } from './stretches.js';

/** Numbers in a weight from which sharing it out costs less than sending it. */
const LARGE = 1 << 17;
/** Rows of a micro-batch, at least: with a few, products are made in another order. */
const LEAST_ROWS = 16;

/** A parameter of the layer, and the elements that a class has. */
interface Part extends Place {
  readonly width: number;
}

/**
 * Made wherever the classes are cut into parts, which depends on model and settings alone: a single rank then goes through
 * the parts one after the other, and has the same bits.
 */
export class SharedHead {
  readonly #ranks: Ranks;
  readonly #parts: readonly Part[];
  readonly #classes: number;
  readonly #count: number;
  /** Whether the ranks can share: each has one micro-batch of a step. */
  readonly #canShare: boolean;
  #isSplit = false;

  private constructor(parts: readonly Part[], classes: number, { total }: Share, ranks: Ranks) {
    this.#ranks = ranks;
    this.#parts = parts;
    this.#classes = classes;
    this.#count = branchesOf(total);
    this.#canShare = ranks.size > 1 && ranks.size === total;
  }

  /** Null where the classes stay in one piece: a small layer, an optimizer with state, one micro-batch. */
  static of(
    model: LanguageModel,
    optimizer: Optimizer,
    training: TrainingSettings,
    share: Share,
    ranks: Ranks,
  ): SharedHead | null {
    const { divisibleHead: head, vocabSize, blockSize, target } = model;
    if (!head || branchesOf(share.total) === 1) return null;
    if (training.labelSmoothing !== 0 || training.emaDecay > 0) return null;
    if (training.overlapExchange || training.shardOptimizer) return null;
    const { weight, bias } = head;
    const rows = share.rows * (target === 'all' ? blockSize : 1);
    if (weight.numel < LARGE || rows < LEAST_ROWS) return null;
    if (rows * vocabSize > mostLogits(weight)) return null;
    // What the layer sees of all rows is gathered, and its gradient added up: that is to be less than the weight's.
    if (3 * rows * share.total > 2 * vocabSize) return null;
    const stateless = withoutState(optimizer);
    const parts: Part[] = [];
    for (const parameter of bias ? [weight, bias] : [weight]) {
      const place = stateless.get(parameter);
      if (!place) return null;
      parts.push({ ...place, width: parameter.numel / vocabSize });
    }
    return new SharedHead(parts, vocabSize, share, ranks);
  }

  /** What the loss is to know. @param shared whether the ranks share the classes in this pass, all of them. */
  classParts(shared: boolean): ClassParts {
    const ranks = this.#ranks;
    const { rank } = ranks;
    if (!shared) return { parts: this.#count };
    return {
      parts: this.#count,
      ranks: {
        rank,
        gather: (own) => this.#gathered(own),
        begin: (tensor) => ranks.begin(tensor, 0),
        sum: (tensor) => ranks.sum([tensor]),
        most: (numbers) => ranks.reduce(numbers, most),
        plus: (numbers) => ranks.reduce(numbers, plus),
      },
    };
  }

  /** Whether the ranks share the classes in a step whose gradients nobody looks at. */
  get canShare(): boolean {
    return this.#canShare;
  }

  /** Whether it is a parameter of the layer. */
  has(parameter: Tensor): boolean {
    return this.#parts.some(({ slot }) => slot.param === parameter);
  }

  /** An update of all parameters: `others` updates those that are not of this layer. */
  step(optimizer: Optimizer, gradScale: number, others: () => void): void {
    const gradients = this.#parts.map(({ slot }) => slot.param.gradientSlot().lift() as Tensor);
    others();
    const { rank } = this.#ranks;
    const [first, last] = [this.#first(rank), this.#first(rank + 1)];
    this.#parts.forEach(({ slot, group, width }, i) => {
      const begin = first * width;
      const own = gradients[i]!.alias([(last - first) * width], gradients[i]!.offset + begin);
      optimizer.stepStretch(slot, group.options, begin, own, gradScale);
      slot.steps++;
      slot.param.gradientSlot().take(slot.param, gradients[i]!); // to be dropped with all others
    });
    this.#isSplit = true;
  }

  /** Gives every rank all parts, where it has not got them. All ranks do so at the same time. */
  bringTogether(): void {
    if (!this.#isSplit) return;
    this.#isSplit = false;
    const { size } = this.#ranks;
    const owners = Array.from({ length: size }, (_, rank) => rank);
    for (const { slot, width } of this.#parts) {
      const { param } = slot;
      const stretches = owners.map((rank) => {
        const [first, last] = [this.#first(rank) * width, this.#first(rank + 1) * width];
        return param.alias([last - first], param.offset + first);
      });
      this.#ranks.share(stretches, owners);
    }
  }

  #first(rank: number): number {
    return firstClass(rank, { parts: this.#count }, this.#classes);
  }

  #gathered(own: Tensor): Tensor {
    const { rank, size } = this.#ranks;
    const all = own.empty([size * own.shape[0]!, ...own.shape.slice(1)], own.dtype);
    const pieces = Array.from({ length: size }, (_, i) => all.alias(own.shape, i * own.numel));
    noGrad(() => pieces[rank]!.copy_(own));
    const owners = pieces.map((_, i) => i);
    this.#ranks.share(pieces, owners);
    return all;
  }
}
