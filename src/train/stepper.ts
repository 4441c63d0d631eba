/** One optimizer step after the other: everything of training that decides its bits, and nothing else. */
import { type BatchSampler, type ExampleSource, samplerOf } from '../data/examples.js';
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
import { Generator, type GeneratorState, streamFor } from '../util/random.js';
import { rateGroups } from './rate-groups.js';

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

  /** @throws UserError when the split is too short for a block. */
  constructor(
    readonly model: LanguageModel,
    readonly training: TrainingSettings,
    data: ExampleSource,
    seed: number,
  ) {
    const { batchSize } = training;
    const { blockSize, target } = model;
    const generator = new Generator(seed, streamFor('data'));
    const options = { batchSize, blockSize, target, name: 'train' };
    this.#sampler = samplerOf(data, options, generator);
    this.optimizer = optimizerOf(model, training);
    this.schedule = scheduleOf(training);
    this.#parameters = this.optimizer.parameters();
    this.#inputs = empty([batchSize, blockSize], 'int32').retain(); // (B, T)
    this.#targets = empty(
      target === 'all' ? [batchSize, blockSize] : [batchSize],
      'int32',
    ).retain();
  }

  /** Tokens predicted in a step. */
  get tokensPerStep(): number {
    return this.#targets.numel * this.training.gradAccumulation;
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

  /** Forward and backward over the step's micro-batches; the sum of their gradients is left in place. */
  accumulate(): number {
    const { gradAccumulation, labelSmoothing } = this.training;
    let sum = 0;
    for (let i = 0; i < gradAccumulation; i++) {
      const { inputs, targets } = this.#sampler.next();
      using _batch = new Scope();
      this.#inputs.copy_(inputs);
      this.#targets.copy_(targets);
      const loss = this.model.loss(this.#inputs, this.#targets, { labelSmoothing });
      sum += loss.itemSync();
      loss.backward();
    }
    return sum / gradAccumulation;
  }

  /**
   * One step.
   *
   * @param wantNorm whether to measure the gradient's norm, a pass over all gradients, where it is not
   *   clipped anyway.
   */
  take(wantNorm: boolean, hooks: StepHooks = {}): StepOutcome {
    const { gradAccumulation, clipNorm } = this.training;
    const at = this.step;
    this.optimizer.applySchedule(this.schedule, at);
    hooks.start?.(at);
    const pass = () => this.accumulate();
    const loss = hooks.around ? hooks.around(at, pass) : pass();
    let gradScale = 1 / gradAccumulation;
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
      this.optimizer.step({ gradScale });
      this.step++;
      hooks.update?.(at, outcome);
    }
    this.optimizer.zeroGrad();
    return outcome;
  }

  /** Frees what it made, not the model. */
  [Symbol.dispose](): void {
    this.optimizer.zeroGrad();
    this.optimizer.dispose();
    this.#inputs.dispose();
    this.#targets.dispose();
  }
}
