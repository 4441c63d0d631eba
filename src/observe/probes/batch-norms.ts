/** How far a BatchNorm's batch lies from its population, seen in passing. */
import type { BatchNorm1d } from '../../nn/index.js';
import type { ModelProbe } from '../../runs/probe-records.js';
import { noGrad, type Tensor, variance } from '../../tensor/index.js';
import { distance } from '../batch-drift.js';
import { figure } from './figures.js';

/**
 * The drift of the batch that is about to go through, against the population as it stands before; undefined where
 * no population is kept along the way (`precise`, or `frozen` until then), and before the first batch.
 */
export function normDrift(
  path: string,
  norm: BatchNorm1d,
  x: Tensor,
): ModelProbe['batchNorms'][number] | undefined {
  const kept = norm.statistics === 'ema' || norm.statistics === 'cumulative';
  const C = norm.channels;
  if (!kept || x.numel < 2 * C || norm.numBatchesTracked.itemSync() === 0) return undefined;
  const samples = x.numel / C;
  const flat = x.alias([samples, C]);
  const [mean, spread] = noGrad(() => {
    const means = flat.mean(0);
    const variances = variance(flat, 0);
    const read = [means.doublesSync(), variances.doublesSync()];
    means.dispose();
    variances.dispose();
    return read;
  });
  const population = {
    mean: norm.runningMean.doublesSync(),
    variance: norm.runningVar.doublesSync(),
  };
  const drift = distance([{ mean, variance: spread, samples }], population);
  return { path, mean: figure(drift.mean), logVariance: figure(drift.logVariance) };
}
