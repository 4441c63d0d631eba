/** The population statistics of a model's BatchNorms, where they do not come about in passing. */
import { type ExampleSource, samplerOf } from '../data/examples.js';
import type { LanguageModel } from '../models/index.js';
import { checkLanguageModel } from '../models/model.js';
import { type BatchNorm1d, batchNormsOf, recomputeStatistics } from '../nn/index.js';
import type { TrainingSettings } from '../runs/settings.js';
import { empty } from '../tensor/index.js';
import { checkObject, checkWhole } from '../util/check.js';
import { Generator, streamFor } from '../util/random.js';

/**
 * Sets every BatchNorm's population statistics from `preciseBatches` batches of `batchSize` examples, drawn
 * at random from `data`: the same ones each time for a seed.
 *
 * @throws UserError when the split is too short for a block.
 */
export function recomputePopulation(
  model: LanguageModel,
  training: Pick<TrainingSettings, 'batchSize' | 'preciseBatches'>,
  data: ExampleSource,
  seed: number,
): void {
  checkLanguageModel('recomputePopulation', model);
  const { batchSize, preciseBatches } = checkObject('recomputePopulation', training);
  recomputeStatistics(model, drawnBatches(model, batchSize, preciseBatches, data, seed));
}

/** Inputs (B, T) to send through a model; each is filled anew, and freed in the end. */
export function* drawnBatches(
  model: LanguageModel,
  batchSize: number,
  count: number,
  data: ExampleSource,
  seed: number,
) {
  checkLanguageModel('drawnBatches', model);
  checkWhole('drawnBatches', 'count', count);
  const { blockSize, target } = model;
  const options = { batchSize, blockSize, target, name: 'train' };
  const sampler = samplerOf(data, options, new Generator(seed, streamFor('statistics')));
  const inputs = empty([batchSize, blockSize], 'int32').retain(); // (B, T)
  try {
    for (let i = 0; i < count; i++) yield inputs.copy_(sampler.next().inputs);
  } finally {
    inputs.dispose();
  }
}

/**
 * Keeps precise statistics fresh, and freezes frozen ones when it is time. What it does is a function of
 * step, weights and seed alone, so that a resumed run is the same bit for bit.
 *
 * Layers with `frozen` statistics are `precise` up to step `freezeNormAt`.
 */
export class PopulationSchedule {
  readonly #model: LanguageModel;
  readonly #training: TrainingSettings;
  readonly #data: ExampleSource;
  readonly #seed: number;
  #toFreeze: BatchNorm1d[] | undefined;
  /** The step after which statistics were last recomputed. */
  #freshAt = -1;

  constructor(model: LanguageModel, training: TrainingSettings, data: ExampleSource, seed: number) {
    this.#model = model;
    this.#training = training;
    this.#data = data;
    this.#seed = seed;
  }

  /** Before the step that follows `step` steps. */
  before(step: number): void {
    const { freezeNormAt, freezeNormAffine } = this.#training;
    const waiting = this.#waiting();
    if (waiting.length === 0 || step < freezeNormAt) return;
    this.refresh(step);
    for (const norm of waiting) norm.freeze({ affine: freezeNormAffine });
    this.#toFreeze = [];
  }

  /** Before the model is used in evaluation mode, or saved, after `step` steps. */
  refresh(step: number): void {
    this.#waiting();
    if (this.#freshAt === step) return;
    this.#freshAt = step;
    const norms = [...batchNormsOf(this.#model).values()];
    // Steps beyond the freezing, with layers still waiting: taken up again, and held since.
    const held = (this.#toFreeze?.length ?? 0) > 0 && step > this.#training.freezeNormAt;
    if (held || !norms.some(({ statistics }) => statistics === 'precise')) return;
    recomputePopulation(this.#model, this.#training, this.#data, this.#seed);
  }

  /** The layers that are to be frozen, found the first time. */
  #waiting(): BatchNorm1d[] {
    if (this.#toFreeze === undefined) {
      const norms = [...batchNormsOf(this.#model).values()];
      this.#toFreeze = norms.filter(({ statistics }) => statistics === 'frozen');
      for (const norm of this.#toFreeze) norm.statistics = 'precise';
    }
    return this.#toFreeze;
  }
}
