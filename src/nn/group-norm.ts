/** Normalisation of groups of channels of each element of a batch. */
import { layerNorm, ones, type Tensor, zeros } from '../tensor/index.js';
import { checkTensor } from '../tensor/internal.js';
import { checkFinite, checkOptions } from '../util/check.js';
import { ShapeError, UserError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import type { LayerNormOptions } from './layer-norm.js';
import { Module } from './module.js';
import { parameter } from './parameter.js';
import { checkSize } from './sizes.js';

/**
 * x (B, C) or (B, T, C) → the same: the channels in `groups` equal groups; each group of each element of
 * the batch less its mean, over its standard deviation, both taken over its channels and all of T. Then a
 * learned gain `weight` (C) and shift `bias` (C). Wu & He 2018, "Group normalization".
 *
 * With statistics over T, a position sees the ones after it: not for causal models of (B, T, C).
 *
 * @throws UserError unless both sizes are whole numbers of at least 1 and the groups divide the channels.
 */
export class GroupNorm extends Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly eps: number;

  constructor(
    readonly groups: number,
    readonly channels: number,
    options: Omit<LayerNormOptions, 'bias'> = {},
  ) {
    super();
    const { eps = 1e-5, affine = true } = checkOptions('GroupNorm', options, ['eps', 'affine']);
    checkFinite('GroupNorm', 'eps', eps, 0);
    checkSize('GroupNorm', 'groups', groups);
    checkSize('GroupNorm', 'channels', channels);
    if (channels % groups !== 0) {
      throw new UserError(
        `GroupNorm: expected groups that divide the channels, got ${groups} groups of ${channels} channels`,
      );
    }
    this.weight = affine ? parameter(ones([channels])) : null;
    this.bias = affine ? parameter(zeros([channels])) : null;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    checkTensor('GroupNorm', x);
    const { channels: C, weight, bias } = this;
    if (x.ndim < 2 || x.ndim > 3 || x.size(-1) !== C) {
      throw new ShapeError(
        'GroupNorm',
        `expected x (B, ${C}) or (B, T, ${C}), got ${formatShape(x.shape)}`,
      );
    }
    const y = x.ndim === 2 ? this.ofVectors(x) : this.ofSequences(x);
    return weight && bias ? y.mul(weight).add(bias) : y;
  }

  private ofVectors(x: Tensor): Tensor {
    const { groups: G, channels: C } = this;
    const grouped = x.reshape(x.shape[0], G, C / G); // (B, C) → (B, G, C/G)
    return layerNorm(grouped, null, null, this.eps).reshape(...x.shape); // → (B, C)
  }

  private ofSequences(x: Tensor): Tensor {
    const { groups: G, channels: C } = this;
    const [B, T] = x.shape;
    // (B, T, C) → (B, T, G, C/G) → (B, G, T, C/G) → (B, G, T·C/G)
    const grouped = x
      .reshape(B, T, G, C / G)
      .permute(0, 2, 1, 3)
      .flatten(2);
    const y = layerNorm(grouped, null, null, this.eps).reshape(B, G, T, C / G);
    return y.permute(0, 2, 1, 3).reshape(B, T, C); // → (B, T, G, C/G) → (B, T, C)
  }
}
