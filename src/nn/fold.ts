/** Taking a normalisation out of a trained model. */
import { noGrad, type Tensor } from '../tensor/index.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { BatchNorm1d } from './batch-norm.js';
import { Conv1d } from './conv1d.js';
import { Linear } from './linear.js';

/**
 * One layer that computes what `layer`, linear or convolutional, and a `norm` after it compute in
 * evaluation: with s = gain / √(runningVar + eps), its weight is s · W by outputs and its bias
 * s · (b − runningMean) + shift. Computed in double precision. The given layers are left as they are.
 *
 * The other order is not offered: what a norm shifts before a causal convolution is not shifted in the
 * zeros before the block, so that no one bias would serve for all positions.
 *
 * @throws UserError when the sizes do not fit, or the norm uses batch statistics at inference, which are
 *   not constants.
 */
export function foldBatchNorm(layer: Linear, norm: BatchNorm1d): Linear;
export function foldBatchNorm(layer: Conv1d, norm: BatchNorm1d): Conv1d;
export function foldBatchNorm(layer: Linear | Conv1d, norm: BatchNorm1d): Linear | Conv1d {
  if (!(layer instanceof Linear || layer instanceof Conv1d)) {
    throw new UserError(`foldBatchNorm: expected a Linear or Conv1d, got ${describeValue(layer)}`);
  }
  if (!(norm instanceof BatchNorm1d)) {
    throw new UserError(
      `foldBatchNorm: expected a BatchNorm1d after the layer, got ${describeValue(norm)}`,
    );
  }
  const outputs = layer instanceof Conv1d ? layer.outChannels : layer.outFeatures;
  if (norm.channels !== outputs) {
    throw new UserError(
      `foldBatchNorm: expected a norm of the layer's ${outputs} outputs, got one of ${norm.channels}`,
    );
  }
  if (norm.inference === 'batch') {
    throw new UserError(
      'foldBatchNorm: expected a norm that uses population statistics at inference, got batch statistics, which are not constants',
    );
  }
  const values = (tensor: Tensor | null, absent: number) =>
    tensor?.doublesSync() ?? new Float64Array(outputs).fill(absent);
  const [gain, shift] = [values(norm.weight, 1), values(norm.bias, 0)];
  const [mean, variance] = [values(norm.runningMean, 0), values(norm.runningVar, 1)];
  const scale = gain.map((g, i) => g / Math.sqrt(variance[i] + norm.eps));
  // (out, in), or a convolution's (kernel, out, in / groups): rows of one output each, over and over.
  const row = layer.weight.size(-1);
  const weight = values(layer.weight, 0).map((w, i) => w * scale[Math.floor(i / row) % outputs]);
  const bias = values(layer.bias, 0).map((b, i) => (b - mean[i]) * scale[i] + shift[i]);
  return noGrad(() => {
    const folded = likeLayer(layer);
    folded.weight.copy_(weight);
    folded.bias!.copy_(bias);
    return folded;
  });
}

/** A layer of the same shape and with a bias, to be filled; it draws no random numbers. */
function likeLayer(layer: Linear | Conv1d): Linear | Conv1d {
  const unfilled = { init: () => {}, biasInit: () => {} };
  if (layer instanceof Linear) return new Linear(layer.inFeatures, layer.outFeatures, unfilled);
  const { inChannels, outChannels, kernelSize, dilation, groups } = layer;
  return new Conv1d(inChannels, outChannels, kernelSize, { dilation, groups, ...unfilled });
}
