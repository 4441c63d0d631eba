/** Taking a normalisation out of a trained model. */
import { noGrad, type Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import type { BatchNorm1d } from './batch-norm.js';
import { Linear } from './linear.js';

/**
 * One linear layer that computes what `linear` and a `norm` after it compute in evaluation: with
 * s = gain / √(runningVar + eps), its weight is s · W by rows and its bias s · (b − runningMean) + shift.
 * Computed in double precision. The given layers are left as they are.
 *
 * @throws UserError when the sizes do not fit, or the norm uses batch statistics at inference, which are
 *   not constants.
 */
export function foldBatchNorm(linear: Linear, norm: BatchNorm1d): Linear {
  const { inFeatures, outFeatures } = linear;
  if (norm.channels !== outFeatures) {
    throw new UserError(
      `foldBatchNorm: expected a norm of the layer's ${outFeatures} outputs, got one of ${norm.channels}`,
    );
  }
  if (norm.inference === 'batch') {
    throw new UserError(
      'foldBatchNorm: expected a norm that uses population statistics at inference, got batch statistics, which are no constants',
    );
  }
  const values = (tensor: Tensor | null, absent: number) =>
    tensor?.doublesSync() ?? new Float64Array(outFeatures).fill(absent);
  const [gain, shift] = [values(norm.weight, 1), values(norm.bias, 0)];
  const [mean, variance] = [values(norm.runningMean, 0), values(norm.runningVar, 1)];
  const scale = gain.map((g, i) => g / Math.sqrt(variance[i] + norm.eps));
  const weight = values(linear.weight, 0).map((w, i) => w * scale[Math.floor(i / inFeatures)]);
  const bias = values(linear.bias, 0).map((b, i) => (b - mean[i]) * scale[i] + shift[i]);
  return noGrad(
    () =>
      new Linear(inFeatures, outFeatures, {
        init: (tensor) => tensor.copy_(weight),
        biasInit: (tensor) => tensor.copy_(bias),
      }),
  );
}
