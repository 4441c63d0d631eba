/** One optimizer step after the other: everything of training that decides its bits, and nothing else. */
import { type BatchSampler, type ExampleSource, samplerOf } from '../data/examples.js';
import { ALONE, type Ranks, workClock } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import {
  AdamW,
  clipScale,
  constant,
  cosine,
  gradNorm,
  linearWarmup,
  Muon,
  type Optimizer,
  type Schedule,
  SGD,
  sequence,
  stableDecay,
  stepDecay,
} from '../optim/index.js';
import type { TrainingSettings } from '../runs/settings.js';
import {
  defaultRandom,
  empty,
  type RandomSourceState,
  Scope,
  type Tensor,
} from '../tensor/index.js';
import { watchLeaves } from '../tensor/internal.js';
import { Generator, type GeneratorState, STREAMS_PER_RANK, streamFor } from '../util/random.js';
import { treeSum } from '../util/tree-sum.js';
import { EarlyGradients } from './early-gradients.js';
import { StatisticsExchange, sumGradients, sumNumber } from './exchange.js';
import { GradientTree, type Share, shareOf } from './micro-batches.js';
import { OptimizerShards } from './optimizer-shards.js';
import { rateGroups } from './rate-groups.js';
import { SharedHead } from './shared-head.js';
import { StretchedUpdates } from './stretches.js';

/** Called on the way through a step, gradients at hand: for probes. `step` counts from 0. */
export interface StepHooks {
  /** Before the forward pass. */
  start?(step: number): void;
  /** In place of the forward and backward passes, which `pass` takes; returns the mean loss that it returned. */
  around?(step: number, pass: () => number): number;
  /** After the backward pass, before the update. */
  backward?(step: number): void;
  /** After the update, before gradients are dropped. */
  update?(step: number, outcome: StepOutcome): void;
}

/** The rate at each step, counted from 0, as the settings say. */
export function scheduleOf(training: TrainingSettings): Schedule {
  const { lr, warmupSteps, warmupFrom } = training;
  const main = afterWarmup(training);
  if (warmupSteps === 0) return main;
  return sequence([
    [linearWarmup({ steps: warmupSteps, from: warmupFrom, to: lr }), warmupSteps],
    [main],
  ]);
}

/** The rate once the warm-up is over, its steps counted from there. */
function afterWarmup(training: TrainingSettings): Schedule {
  const { lr, schedule, stepAt, stepFactor, minLr, decayShare, steps, warmupSteps } = training;
  const after = Math.max(1, steps - warmupSteps);
  switch (schedule) {
    case 'constant':
      return constant(lr);
    case 'cosine':
      return cosine({ steps: after, from: lr, to: minLr });
    case 'wsd': {
      const decaySteps = Math.min(after, Math.round(decayShare * steps)); // of all, the warm-up's too
      return stableDecay({ steps: after, decaySteps, from: lr, to: minLr });
    }
    case 'step': {
      // Steps are counted from the start of training, not from the end of the warm-up.
      const at = stepAt.map((at) => Math.max(0, at - warmupSteps));
      return stepDecay({ lr, at, factor: stepFactor });
    }
  }
}

/**
 * Builds the optimizer that the settings name, with its groups (`rateGroups`): each one's rate is the
 * schedule's times its factor.
 *
 * @throws UserError when `lrScale` names what the model does not have, or Muon has no matrix to train.
 */
export function optimizerOf(model: LanguageModel, training: TrainingSettings): Optimizer {
  const { optimizer, lr, weightDecay, momentum, nesterov, beta1, beta2, eps } = training;
  const groups = rateGroups(model, training);
  const moments = { betas: [beta1, beta2] as const, eps };
  switch (optimizer) {
    case 'sgd':
      return new SGD(groups, { lr, weightDecay, momentum, nesterov });
    case 'adamw':
      return new AdamW(groups, { lr, weightDecay, ...moments });
    case 'muon':
      return new Muon(groups, { lr, weightDecay, momentum, scale: training.muonScale, ...moments });
  }
}

/** What decides a step, besides parameters and optimizer. */
export interface Cursor {
  step: number;
  default: RandomSourceState;
  data: GeneratorState;
}

/** How a step went. */
export interface StepOutcome {
  /** Mean training loss of the step's micro-batches, in nats; label smoothing included. */
  loss: number;
  /** Global norm of the gradient before clipping, where it was asked for or is clipped. */
  gradNorm: number | undefined;
  /** Whether the gradient was scaled down to `clipNorm`. */
  clipped: boolean;
}

/**
 * Takes steps. Parameters are changed only when loss and gradient norm (where it is known) are finite;
 * a step that was not leaves everything but the random state as it was.
 */
export class Stepper implements Disposable {
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Optimizer steps taken. */
  step = 0;
  readonly #sampler: BatchSampler;
  readonly #inputs: Tensor;
  readonly #targets: Tensor;
  readonly #parameters: Tensor[];
  readonly #ranks: Ranks;
  readonly #share: Share;
  readonly #tree: GradientTree;
  /** Where the optimizer's state is shared out. */
  readonly shards: OptimizerShards | null;
  readonly #stretches: StretchedUpdates | null;
  readonly #early: EarlyGradients | null;
  readonly #head: SharedHead | null;
  readonly #statistics: StatisticsExchange;
  #busyMs = 0;

  /**
   * @param ranks those that take each step together, each its share of it.
   * @throws UserError when the split is too short for a block, or a step cannot be shared out equally.
   */
  constructor(
    readonly model: LanguageModel,
    readonly training: TrainingSettings,
    data: ExampleSource,
    seed: number,
    ranks: Ranks = ALONE,
  ) {
    this.#ranks = ranks;
    this.optimizer = optimizerOf(model, training);
    const share = shareOf(training, ranks);
    this.#head = SharedHead.of(model, this.optimizer, training, share, ranks);
    this.#share = this.#head?.share(training) ?? share;
    const { rows: batchSize, count } = this.#share;
    const { blockSize, target } = model;
    const generator = new Generator(seed, streamFor('data'));
    const options = { batchSize, blockSize, target, name: 'train' };
    this.#sampler = samplerOf(data, options, generator);
    const isSharded = training.shardOptimizer && ranks.size > 1;
    this.shards = isSharded ? new OptimizerShards(this.optimizer, ranks) : null;
    const isStretched = !isSharded && ranks.size > 1;
    this.#stretches = isStretched ? new StretchedUpdates(this.optimizer, ranks) : null;
    this.schedule = scheduleOf(training);
    this.#parameters = this.optimizer.parameters();
    const isEarly = training.overlapExchange && ranks.size > 1;
    this.#early = isEarly ? new EarlyGradients(this.#parameters, ranks) : null;
    this.#tree = new GradientTree(this.#parameters, count);
    this.#statistics = new StatisticsExchange(model, ranks, training.syncBatchNorm);
    this.#inputs = empty([batchSize, blockSize], 'int32').retain(); // (B, T)
    this.#targets = empty(
      target === 'all' ? [batchSize, blockSize] : [batchSize],
      'int32',
    ).retain();
  }

  /** Tokens predicted in a step, on all ranks. */
  get tokensPerStep(): number {
    return this.#targets.numel * this.#share.total;
  }

  /** Tokens that this rank predicts in a second of its own work, exchanges and waiting left out; since it was last asked. */
  takePace(steps: number): number {
    const tokens = (this.tokensPerStep / this.#ranks.size) * steps;
    const pace = this.#busyMs > 0 ? (tokens * 1000) / this.#busyMs : 0;
    this.#busyMs = 0;
    return pace;
  }

  /** Where it stands: steps from here on are the same if this is restored, with parameters and optimizer. */
  cursor(): Cursor {
    return { step: this.step, default: defaultRandom.state(), data: this.#sampler.state() };
  }

  moveTo(cursor: Cursor): void {
    this.step = cursor.step;
    defaultRandom.load(cursor.default);
    this.#sampler.restore(cursor.data);
  }

  /** Gives every rank all parameters, before somebody looks at the model. All ranks do so at the same time. */
  settle(): void {
    this.#head?.bringTogether();
  }

  /**
   * Forward and backward over this rank's micro-batches of the step. The sum of their gradients is left in
   * place, and the sum of their mean losses returned.
   *
   * @param isShared whether all ranks do this now, and share out the last layer's classes.
   */
  accumulate(isShared = false): number {
    const began = workClock(this.#ranks);
    const { labelSmoothing } = this.training;
    const classParts = this.#head?.classParts(isShared);
    const { total, first, count } = this.#share;
    const place = this.#sampler.state();
    const random = defaultRandom.state();
    if (first > 0) this.#sampler.skip(first);
    const losses: number[] = [];
    this.#tree.clear();
    this.#statistics.begin();
    try {
      for (let i = 0; i < count; i++) {
        // Each draws from a stream of its own, wherever it is computed.
        if (total > 1) {
          const stream = random.stream + (first + i) * STREAMS_PER_RANK;
          defaultRandom.load({ ...random, stream });
        }
        const { inputs, targets } = this.#sampler.next();
        using _batch = new Scope();
        this.#inputs.copy_(inputs);
        this.#targets.copy_(targets);
        const loss = this.model.loss(this.#inputs, this.#targets, {
          labelSmoothing,
          ...(classParts && { classParts }),
        });
        losses.push(loss.itemSync());
        if (i < count - 1) loss.backward();
        else this.#lastBackward(loss);
        this.#tree.added(i, count);
      }
    } finally {
      this.#statistics.end();
    }
    if (total > 1) defaultRandom.load({ ...defaultRandom.state(), stream: random.stream });
    if (count < total) {
      this.#sampler.restore(place);
      this.#sampler.skip(total);
    }
    this.#busyMs += workClock(this.#ranks) - began;
    return treeSum(losses);
  }

  /** That of the last micro-batch, after which gradients are complete. */
  #lastBackward(loss: Tensor): void {
    const early = this.#early;
    if (!early) {
      loss.backward();
      return;
    }
    const complete = (parameter: Tensor) => {
      this.#tree.completed(parameter);
      early.ready(parameter);
    };
    watchLeaves(complete, () => loss.backward());
  }

  /**
   * All ranks' passes: the sum of all gradients is left in place on each, and the mean loss returned.
   *
   * @param left takes the parameters whose gradients can be added up in the update; null where all are wanted before.
   */
  #pass(left: Tensor[] | null): number {
    // With a shared head all ranks have the same rows, and so the same gradients, of that layer those of their classes.
    if (this.#head) return this.accumulate(left !== null && this.#head.canShare);
    const own = this.accumulate();
    this.#statistics.exchange(this.#share);
    const canWait = (parameter: Tensor) => left !== null && !!this.#stretches?.has(parameter);
    const waiting = sumGradients(this.#parameters, this.#ranks, canWait, this.#early);
    left?.push(...waiting);
    return sumNumber(own, this.#ranks) / this.#share.total;
  }

  /**
   * One step.
   *
   * @param wantNorm whether to measure the gradient's norm, a pass over all gradients, where it is not
   *   clipped anyway.
   * @param isWatched whether any rank's hooks look at gradients: all have to make the same exchanges.
   */
  take(
    wantNorm: boolean,
    hooks: StepHooks = {},
    isWatched = !!(hooks.backward || hooks.update),
  ): StepOutcome {
    const { clipNorm } = this.training;
    const at = this.step;
    this.optimizer.applySchedule(this.schedule, at);
    const isSeen = wantNorm || clipNorm > 0 || isWatched;
    const head = this.#head?.canShare && !isSeen ? this.#head : null;
    if (!head) this.settle();
    hooks.start?.(at);
    const left: Tensor[] = [];
    const pass = () => this.#pass(isSeen ? null : left);
    const loss = hooks.around ? hooks.around(at, pass) : pass();
    let gradScale = 1 / this.#share.total;
    let norm: number | undefined;
    let clip = 1;
    if (wantNorm || clipNorm > 0) {
      norm = gradNorm(this.#parameters) * gradScale;
      if (clipNorm > 0) clip = clipScale(norm, clipNorm);
      gradScale *= clip;
    }
    const outcome = { loss, gradNorm: norm, clipped: clip < 1 };
    hooks.backward?.(at);
    if (Number.isFinite(loss) && Number.isFinite(norm ?? 0)) {
      if (head) head.step(this.optimizer, gradScale);
      else this.#update(left, gradScale);
      this.step++;
      hooks.update?.(at, outcome);
    }
    this.optimizer.zeroGrad();
    return outcome;
  }

  /** @param left the parameters whose gradients are not added up yet. */
  #update(left: readonly Tensor[], gradScale: number): void {
    if (this.shards) this.shards.step(gradScale);
    else if (left.length > 0) this.#stretches!.step(left, gradScale);
    else this.optimizer.step({ gradScale });
  }

  /** Frees what it made, not the model. */
  [Symbol.dispose](): void {
    this.#tree.clear();
    this.optimizer.zeroGrad();
    this.optimizer.dispose();
    this.#inputs.dispose();
    this.#targets.dispose();
  }
}
