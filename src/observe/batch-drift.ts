/** How far the statistics of batches lie from those of the population, by layer. */
import { batchNormsOf, type Module, observeBatches, PooledStatistics } from '../nn/index.js';
import type { Tensor } from '../tensor/index.js';
import { checkIterable } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/** Of one BatchNorm, averaged over its channels and the batches. */
export interface BatchDrift {
  /** The layer's path. */
  readonly layer: string;
  readonly channels: number;
  /** |batch mean − population mean|, in standard deviations of the population. */
  readonly mean: number;
  /** |ln(batch variance / population variance)|: 0.1 is about a tenth. */
  readonly logVariance: number;
  /**
   * The same two, of the mean and variance of all samples of the batches together: what is not chance of
   * a batch, but a population that is not the one at hand.
   */
  readonly pooledMean: number;
  readonly pooledLogVariance: number;
}

/** Mean and variance of a layer's population, by the layer's path. */
export type Populations = ReadonlyMap<
  string,
  { mean: ArrayLike<number>; variance: ArrayLike<number> }
>;

/** The population statistics that a model's BatchNorms hold now. */
export function populationsOf(model: Module): Populations {
  return new Map(
    [...batchNormsOf(model)].map(([path, { runningMean, runningVar }]) => [
      path,
      { mean: runningMean.doublesSync(), variance: runningVar.doublesSync() },
    ]),
  );
}

/**
 * Sends batches through `model` in training mode, without changing it, and compares each BatchNorm's batch
 * statistics with several populations at once. A channel whose variance is 0 in a batch, or in the
 * population, is left out of the variances' mean.
 *
 * @returns for each of `populations`, one entry for each of its layers, in the model's order.
 */
export function batchDrift(
  model: Module,
  inputs: Iterable<Tensor>,
  populations: readonly Populations[],
): BatchDrift[][] {
  const norms = [...batchNormsOf(model)];
  checkPopulations(norms, populations);
  const seen = norms.map(() => [] as Seen[]);
  observeBatches(model, inputs, {}, (index, mean, variance, samples) => {
    seen[index].push({ mean: mean.slice(), variance: variance.slice(), samples });
  });
  return [...populations].map((population) =>
    norms.map(([layer, { channels }], i) => {
      const of = population.get(layer)!;
      const single = distance(seen[i], of);
      const pooled = distance([pool(seen[i], channels)], of);
      return {
        layer,
        channels,
        mean: single.mean,
        logVariance: single.logVariance,
        pooledMean: pooled.mean,
        pooledLogVariance: pooled.logVariance,
      };
    }),
  );
}

/** Throws unless each population has the mean and the variance of each channel of each layer. */
function checkPopulations(
  norms: readonly (readonly [string, { readonly channels: number }])[],
  populations: readonly Populations[],
): void {
  checkIterable('batchDrift', 'an array of populations', populations);
  for (const population of populations) {
    for (const [layer, { channels }] of norms) {
      const of = population instanceof Map ? population.get(layer) : undefined;
      if (of?.mean?.length === channels && of.variance?.length === channels) continue;
      throw new UserError(
        `batchDrift: expected populations with a mean and a variance of the ${channels} channels of ${layer}, as populationsOf gives, got ${describeValue(population)}`,
      );
    }
  }
}

interface Seen {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly samples: number;
}

function pool(batches: readonly Seen[], channels: number): Seen {
  const all = new PooledStatistics(channels);
  for (const { mean, variance, samples } of batches) all.add(mean, variance, samples);
  return { mean: all.mean, variance: all.variance(), samples: all.samples };
}

export function distance(
  batches: readonly Seen[],
  population: { mean: ArrayLike<number>; variance: ArrayLike<number> },
): { mean: number; logVariance: number } {
  let [means, logs, meanCount, logCount] = [0, 0, 0, 0];
  for (const { mean, variance } of batches) {
    for (let c = 0; c < mean.length; c++) {
      const wide = population.variance[c];
      if (wide > 0) {
        means += Math.abs(mean[c] - population.mean[c]) / Math.sqrt(wide);
        meanCount++;
      }
      if (wide > 0 && variance[c] > 0) {
        logs += Math.abs(Math.log(variance[c] / wide));
        logCount++;
      }
    }
  }
  return { mean: means / meanCount, logVariance: logs / logCount };
}
