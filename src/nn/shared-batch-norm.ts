/** BatchNorm by the statistics of several processes' batches, as if these were one. */
import type { BatchStatistics, Tensor } from '../tensor/index.js';

/** Processes that see a batch each at the same time, all as large as one another. */
export interface SharedBatches {
  /** How many processes. */
  readonly size: number;
  /** The sum of a tensor over all of them. What comes back is differentiable: its gradient is summed, too. */
  sum(x: Tensor): Tensor;
}

/**
 * x (…, C) → y, mean and variance (C), over the rows of all processes. Two exchanges of C numbers forward, the
 * second for the variance about the common mean, and two backward.
 */
export function sharedBatchNorm(
  x: Tensor,
  { weight, bias, eps }: { weight: Tensor | null; bias: Tensor | null; eps: number },
  { size, sum }: SharedBatches,
): { y: Tensor } & BatchStatistics {
  const channels = x.size(-1);
  const own = x.numel / channels;
  const rows = x.reshape([own, channels]);
  const share = 1 / (own * size);
  const mean = sum(rows.sum(0)).mul(share);
  const centred = rows.sub(mean);
  const variance = sum(centred.mul(centred).sum(0)).mul(share);
  let y = centred.mul(variance.add(eps).rsqrt());
  if (weight) y = y.mul(weight);
  if (bias) y = y.add(bias);
  return { y: y.reshape(x.shape), mean: mean.detach(), variance: variance.detach() };
}
