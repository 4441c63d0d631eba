/** Population statistics from batches that go through a model while its weights are held. */
import { defaultRandom, noGrad, Scope, type Tensor } from '../tensor/index.js';
import { checkFunction, checkIterable, checkOptions, checkWhole } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { inHostMemory } from '../util/host-memory.js';
import { BatchNorm1d } from './batch-norm.js';
import { checkModule, type Module } from './module.js';
import { checkSize } from './sizes.js';

/** All BatchNorms of a model by path. */
export function batchNormsOf(model: Module): Map<string, BatchNorm1d> {
  checkModule('batchNormsOf', model);
  const found = new Map<string, BatchNorm1d>();
  for (const [path, module] of model.namedModules()) {
    if (module instanceof BatchNorm1d) found.set(path, module);
  }
  return found;
}

/** Mean and variance of samples that come in groups, each known by its mean, variance and size. */
export class PooledStatistics {
  samples = 0;
  readonly mean: Float64Array;
  readonly #squares: Float64Array;

  constructor(channels: number) {
    checkSize('PooledStatistics', 'channels', channels);
    const make = () => new Float64Array(channels);
    this.mean = inHostMemory(`a mean of ${channels} channels`, make);
    this.#squares = inHostMemory(`a variance of ${channels} channels`, make);
  }

  /** Chan, Golub & LeVeque 1983: the deviations within the groups, and those of the groups' means. */
  add(mean: Float64Array, variance: Float64Array, samples: number): void {
    const C = this.mean.length;
    if (mean?.length !== C || variance?.length !== C) {
      throw new UserError(
        `PooledStatistics: expected a mean and a variance of ${C} channels, got ${describeValue(mean)} and ${describeValue(variance)}`,
      );
    }
    checkWhole('PooledStatistics', 'samples', samples, 1);
    const share = samples / (this.samples + samples);
    for (let c = 0; c < mean.length; c++) {
      const delta = mean[c] - this.mean[c];
      this.mean[c] += delta * share;
      this.#squares[c] += variance[c] * samples + delta * delta * this.samples * share;
    }
    this.samples += samples;
  }

  /** Over n − 1: of the population that the samples are drawn from. */
  variance(): Float64Array {
    return this.#squares.map((squares) => squares / (this.samples - 1));
  }
}

export interface RecomputeOptions {
  /** Sends a batch through the model. Default: its `forward`. */
  forward?: (input: Tensor) => unknown;
}

/**
 * Sets the population's statistics of every BatchNorm in `model` to the mean and variance of all samples
 * of `inputs` pooled (and not to an average of variances): PreciseBN, Wu & Johnson 2021, "Rethinking
 * 'Batch' in BatchNorm", section 3.1. The batches go through in training mode, so that each layer sees
 * inputs normalised as in training, without gradients; weights, mode and `defaultRandom` are left as they
 * were. An input may be disposed of, or filled anew, when the next is asked for.
 *
 * The batches should be as large and as mixed as those of training; the statistics of a layer depend on
 * the batch size through the layers before it.
 *
 * @returns how many batches were used; 0 for a model without BatchNorm, through which none is sent.
 * @throws UserError when there are no batches.
 */
export function recomputeStatistics(
  model: Module,
  inputs: Iterable<Tensor>,
  options: RecomputeOptions = {},
): number {
  const norms = [...batchNormsOf(model).values()];
  if (norms.length === 0) return 0;
  const pools = norms.map(({ channels }) => new PooledStatistics(channels));
  const batches = observeBatches(model, inputs, options, (index, ...statistics) =>
    pools[index].add(...statistics),
  );
  if (batches === 0) {
    throw new UserError('recomputeStatistics: expected at least one batch, got none');
  }
  norms.forEach((norm, i) => {
    norm.runningMean.copy_(pools[i].mean);
    norm.runningVar.copy_(pools[i].variance());
  });
  return batches;
}

/** Sends batches through in training mode, and tells `see` of the statistics at the norm of each index. */
export function observeBatches(
  model: Module,
  inputs: Iterable<Tensor>,
  options: RecomputeOptions,
  see: (index: number, mean: Float64Array, variance: Float64Array, samples: number) => void,
): number {
  const norms = [...batchNormsOf(model).values()];
  checkIterable('batches of a model', 'inputs, such as an array of tensors', inputs);
  const {
    forward = (input: Tensor) => (model.forward as (input: Tensor) => unknown).call(model, input),
  } = checkOptions('recomputeStatistics', options, ['forward']);
  checkFunction('recomputeStatistics', 'forward', forward);
  checkFunction('observeBatches', 'what is to see the statistics', see);
  const wasTraining = [...model.namedModules().values()].map((m) => [m, m.training] as const);
  const random = defaultRandom.state();
  const stops = norms.map((norm, i) => norm.observe((...statistics) => see(i, ...statistics)));
  let batches = 0;
  try {
    model.train();
    for (const input of inputs) {
      using _batch = new Scope();
      noGrad(() => forward(input));
      batches++;
    }
  } finally {
    for (const stop of stops) stop();
    for (const [module, mode] of wasTraining) module.training = mode;
    defaultRandom.load(random);
  }
  return batches;
}
