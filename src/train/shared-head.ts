/**
 * A wide last layer whose classes several ranks share out, in a model that has most of its arithmetic there. All ranks go through the
 * rows of all, each computes the logits of its own stretch of the vocabulary, and keeps that stretch of the weight up to
 * date. What travels is the gradient of what the layer sees, and two numbers of each row; no weight, nor any weight's gradient. The
 * stretches are brought together when somebody looks. A rank that is faster than the others is given more classes.
 */
import { type Ranks, workClock } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import { batchNormsOf, Embedding, type Linear } from '../nn/index.js';
import type { Optimizer } from '../optim/index.js';
import type { TrainingSettings } from '../runs/settings.js';
import type { ClassParts, Tensor } from '../tensor/index.js';
import { firstClass, mostLogits } from '../tensor/internal.js';
import { Dealing } from './dealing.js';
import { branchesOf, type Share } from './micro-batches.js';
import { type Place, withoutState } from './stretches.js';

/** Numbers in a weight from which sharing it out costs less than sending it. */
const LARGE = 1 << 17;
/** Rows and channels with which products are cut as if all classes were there (see kernels/matmul.c). */
const LEAST_ROWS = 16;
const MOST_CHANNELS = 4095;
/** Parts for each rank, so that one which is a few percent faster can have more; and classes of a part, at least. */
const PARTS_EACH = 16;
const LEAST_CLASSES = 768;

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
  /** Who has which of them; null of one rank. */
  readonly #dealing: Dealing | null;
  #isSplit = false;
  /** By `workClock`, when the last step was over. */
  #busyBy = 0;

  private constructor(parts: readonly Part[], classes: number, share: Share, ranks: Ranks) {
    this.#ranks = ranks;
    this.#parts = parts;
    this.#classes = classes;
    this.#count = partsOf(classes, branchesOf(share.total));
    this.#dealing = ranks.size > 1 ? new Dealing(this.#count, ranks) : null;
  }

  /**
   * Null where the classes stay in one piece and ranks share out rows: a small layer, or much before it, an optimizer with state, a step
   * of one micro-batch, or of several that are accumulated, BatchNorm, which sees the rows of one rank.
   */
  static of(
    model: LanguageModel,
    optimizer: Optimizer,
    training: TrainingSettings,
    share: Share,
    ranks: Ranks,
  ): SharedHead | null {
    const { divisibleHead: head, vocabSize, blockSize, target } = model;
    if (!head || branchesOf(share.total) === 1 || training.gradAccumulation > 1) return null;
    if (training.labelSmoothing !== 0 || training.emaDecay > 0) return null;
    if (training.overlapExchange || training.shardOptimizer) return null;
    const { weight, bias } = head;
    const rows = training.batchSize * (target === 'all' ? blockSize : 1);
    if (weight.numel < LARGE) return null;
    // What every rank computes for the rows of all is to be less than its part of this layer.
    if (weight.numel < branchesOf(share.total) * weightsBefore(model, head)) return null;
    if (rows < LEAST_ROWS || weight.shape[1]! > MOST_CHANNELS) return null;
    if (rows * vocabSize > mostLogits(weight)) return null;
    // The gradient of what the layer sees is handed over by all: that is to be less than the weight's.
    if (3 * rows > 2 * vocabSize || batchNormsOf(model).size > 0) return null;
    const stateless = withoutState(optimizer);
    const parts: Part[] = [];
    for (const parameter of bias ? [weight, bias] : [weight]) {
      const place = stateless.get(parameter);
      if (!place) return null;
      parts.push({ ...place, width: parameter.numel / vocabSize });
    }
    return new SharedHead(parts, vocabSize, share, ranks);
  }

  /** A step's rows, which all ranks have: one micro-batch. */
  share({ batchSize }: Pick<TrainingSettings, 'batchSize'>): Share {
    return { total: 1, first: 0, count: 1, rows: batchSize };
  }

  /** What the loss is to know. @param shared whether the ranks share the classes in this pass, all of them. */
  classParts(shared: boolean): ClassParts {
    if (!shared) return { parts: this.#count };
    const ranks = this.#ranks;
    return {
      parts: this.#count,
      ranks: {
        rank: ranks.rank,
        cut: this.#dealing!.cut,
        handOver: (given, wanted) => ranks.handOver(given, wanted),
      },
    };
  }

  /** Whether the ranks share the classes in a step whose gradients nobody looks at. */
  get canShare(): boolean {
    return this.#dealing !== null;
  }

  /** An update of all parameters, of this layer the own classes. */
  step(optimizer: Optimizer, gradScale: number): void {
    const gradients = this.#parts.map(({ slot }) => slot.param.gradientSlot().lift() as Tensor);
    optimizer.step({ gradScale });
    const [first, last] = this.#ownClasses(this.#ranks.rank);
    this.#parts.forEach(({ slot, group, width }, i) => {
      const begin = first * width;
      const own = gradients[i]!.alias([(last - first) * width], gradients[i]!.offset + begin);
      optimizer.stepStretch(slot, group.options, begin, own, gradScale);
      slot.steps++;
      slot.param.gradientSlot().take(slot.param, gradients[i]!); // to be dropped with all others
    });
    this.#isSplit = true;
    this.#measure();
  }

  /** Gives every rank all parts, where it has not got them. All ranks do so at the same time. */
  bringTogether(): void {
    if (!this.#isSplit) return;
    this.#isSplit = false;
    const owners = Array.from({ length: this.#ranks.size }, (_, rank) => rank);
    for (const { slot, width } of this.#parts) {
      const { param } = slot;
      const stretches = owners.map((rank) => {
        const [first, last] = this.#ownClasses(rank);
        return param.alias([(last - first) * width], param.offset + first * width);
      });
      this.#ranks.share(stretches, owners);
    }
  }

  /** The classes of a rank: the first, and the one after the last. */
  #ownClasses(rank: number): [number, number] {
    const { cut } = this.#dealing!;
    const first = (part: number) => firstClass(part, { parts: this.#count }, this.#classes);
    return [first(cut[rank]!), first(cut[rank + 1]!)];
  }

  /** Deals the parts out anew, if a step like the last ones would be faster so. */
  #measure(): void {
    const dealing = this.#dealing!;
    const since = workClock(this.#ranks) - this.#busyBy;
    const better = this.#busyBy > 0 ? dealing.measured(since) : null;
    if (better) {
      this.bringTogether();
      dealing.cut = better;
    }
    this.#busyBy = workClock(this.#ranks);
  }
}

/** Into how many parts so many classes are cut for so many ranks: a power of two, as that of the ranks is. */
function partsOf(classes: number, ranks: number): number {
  let parts = ranks;
  while (parts < PARTS_EACH * ranks && 2 * parts * LEAST_CLASSES <= classes) parts *= 2;
  return parts;
}

/** Numbers in the weights of the layers before the last, tables left out: none is multiplied by more than one of a table's rows. */
function weightsBefore(model: LanguageModel, head: Linear): number {
  const tables = [...model.namedModules().values()].filter((module) => module instanceof Embedding);
  const left = new Set([...tables.map(({ weight }) => weight), head.weight, head.bias]);
  const before = [...model.namedParameters().values()].filter((parameter) => !left.has(parameter));
  return before.reduce((sum, { numel }) => sum + numel, 0);
}
