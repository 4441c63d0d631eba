/** One trained model under each way of having BatchNorm's population statistics. */
import { type ExampleSource, passOf } from '../data/examples.js';
import { ShuffledPass } from '../data/shuffled-pass.js';
import type { LanguageModel } from '../models/index.js';
import { type BatchNorm1d, batchNormsOf, recomputeStatistics } from '../nn/index.js';
import type { TrainingSettings } from '../runs/settings.js';
import { noGrad, Scope } from '../tensor/index.js';
import { checkObject } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { type BatchDrift, batchDrift, type Populations, populationsOf } from './batch-drift.js';
import { type EvaluationInput, type EvaluationResult, evaluate } from './evaluate.js';
import { drawnBatches } from './population.js';

/**
 * - `ema`, `cumulative`: as the run kept them where it kept them so; otherwise gathered from training
 *   batches with the weights held.
 * - `precise`: recomputed from training batches.
 * - `frozen`: what the checkpoint holds, however it came about.
 * - `batch`: no population at all: the statistics of batches of the training's size.
 */
export const BATCH_NORM_MODES = ['ema', 'cumulative', 'precise', 'frozen', 'batch'] as const;
export type BatchNormMode = (typeof BATCH_NORM_MODES)[number];

/** How a model does in one mode. */
export interface BatchNormScore extends EvaluationResult {
  readonly mode: BatchNormMode;
  /** Where the population comes from. */
  readonly population: 'checkpoint' | 'recomputed' | 'batch';
  /** Between the population and batches of the evaluated split, by layer; empty for `batch`. */
  readonly drift: readonly BatchDrift[];
}

export interface BatchNormScoring {
  training: Pick<TrainingSettings, 'batchSize' | 'preciseBatches'>;
  /** The training split, of which populations are computed. */
  train: ExampleSource;
  seed: number;
}

/**
 * Scores `model` on a split in each of `modes`; afterwards the model is as it was.
 *
 * @throws UserError when the model has no BatchNorm, or for what is no mode.
 */
export function scoreBatchNorms(
  model: LanguageModel,
  input: EvaluationInput,
  modes: readonly BatchNormMode[],
  options: BatchNormScoring,
): BatchNormScore[] {
  const norms = [...batchNormsOf(model).values()];
  if (norms.length === 0) {
    throw new UserError(
      'the model has no BatchNorm whose statistics could be chosen (norm=batch gives it one).',
    );
  }
  const known = Array.isArray(modes) && modes.every((mode) => BATCH_NORM_MODES.includes(mode));
  if (!known) {
    throw new UserError(
      `scoreBatchNorms: expected an array of modes (${BATCH_NORM_MODES.join(', ')}), got ${describeValue(modes)}`,
    );
  }
  checkObject('scoreBatchNorms', options);
  const restore = keep(norms);
  try {
    const scored = modes.map((mode) => {
      const population = prepare(model, norms, mode, options);
      const pass = mode === 'batch' ? batchesOf(model, input, options) : undefined;
      const result = { ...evaluate(model, input, pass), mode, population };
      const of = population === 'batch' ? undefined : populationsOf(model);
      restore();
      return { result, of };
    });
    const drifts = driftOf(
      model,
      input,
      scored.flatMap(({ of }) => of ?? []),
      options,
    );
    return scored.map(({ result, of }) => ({ ...result, drift: of ? drifts.shift()! : [] }));
  } finally {
    restore();
  }
}

/** Returns what puts the norms back into the state that they are in now. */
function keep(norms: readonly BatchNorm1d[]): () => void {
  const states = norms.map((norm) => ({
    settings: { statistics: norm.statistics, inference: norm.inference },
    mean: norm.runningMean.dataSync(),
    variance: norm.runningVar.dataSync(),
    batches: norm.numBatchesTracked.dataSync(),
  }));
  return () => {
    norms.forEach((norm, i) => {
      Object.assign(norm, states[i].settings);
      norm.runningMean.copy_(states[i].mean);
      norm.runningVar.copy_(states[i].variance);
      norm.numBatchesTracked.copy_(states[i].batches);
    });
  };
}

function prepare(
  model: LanguageModel,
  norms: readonly BatchNorm1d[],
  mode: BatchNormMode,
  options: BatchNormScoring,
): BatchNormScore['population'] {
  const { training, train, seed } = options;
  const batches = () =>
    drawnBatches(model, training.batchSize, training.preciseBatches, train, seed);
  for (const norm of norms) norm.inference = mode === 'batch' ? 'batch' : 'population';
  if (mode === 'batch') return 'batch';
  if (mode === 'precise') {
    recomputeStatistics(model, batches());
    return 'recomputed';
  }
  if (mode === 'frozen' || norms.every(({ statistics }) => statistics === mode)) {
    return 'checkpoint';
  }
  for (const norm of norms) {
    norm.resetStatistics();
    norm.statistics = mode;
  }
  const wasTraining = model.training;
  model.train();
  for (const batch of batches()) {
    using _batch = new Scope();
    noGrad(() => model.forward(batch));
  }
  model.train(wasTraining);
  return 'recomputed';
}

function batchesOf(model: LanguageModel, input: EvaluationInput, options: BatchNormScoring) {
  const { blockSize, target } = model;
  const { batchSize } = options.training;
  const pass = passOf(input, { batchSize, blockSize, target, name: input.name });
  return new ShuffledPass(pass, batchSize, options.seed);
}

/** Over batches of training's size, drawn from the split that was scored. */
function driftOf(
  model: LanguageModel,
  input: EvaluationInput,
  populations: readonly Populations[],
  { training, seed }: BatchNormScoring,
): BatchDrift[][] {
  const { batchSize, preciseBatches } = training;
  return batchDrift(
    model,
    drawnBatches(model, batchSize, preciseBatches, input, seed),
    populations,
  );
}
