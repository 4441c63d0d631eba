/** Normalisation of each vector by itself: `LayerNorm` and `RMSNorm`. */
import { layerNorm, ones, rmsNorm, type Tensor, zeros } from '../tensor/index.js';
import { checkFinite, checkOptions } from '../util/check.js';
import { Module } from './module.js';
import { parameter } from './parameter.js';
import { checkSize } from './sizes.js';

export interface LayerNormOptions {
  /** Added to the variance before its root. Default 1e-5, as PyTorch's. */
  eps?: number;
  /** Whether to learn a gain (and a shift). Default true. */
  affine?: boolean;
  /** Whether to learn a shift beside the gain. Default true. */
  bias?: boolean;
}

/**
 * x (…, C) → (…, C): each vector of C less its mean, over its standard deviation, then a learned gain
 * `weight` (C), first 1, and shift `bias` (C), first 0. It does the same in training and evaluation, and
 * no element of a batch depends on another. Ba, Kiros & Hinton 2016, "Layer normalization".
 *
 * @throws UserError unless `channels` is a whole number of at least 1.
 */
export class LayerNorm extends Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly eps: number;

  constructor(
    readonly channels: number,
    options: LayerNormOptions = {},
  ) {
    super();
    checkSize('LayerNorm', 'channels', channels);
    const {
      eps = 1e-5,
      affine = true,
      bias = true,
    } = checkOptions('LayerNorm', options, ['eps', 'affine', 'bias']);
    checkFinite('LayerNorm', 'eps', eps, 0);
    this.weight = affine ? parameter(ones([channels])) : null;
    this.bias = affine && bias ? parameter(zeros([channels])) : null;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps);
  }
}

/**
 * x (…, C) → (…, C): each vector of C over its root mean square, times a learned gain `weight` (C), first
 * 1. LayerNorm without the mean and the shift: what is left does as well in transformers, and costs less.
 * Zhang & Sennrich 2019, "Root mean square layer normalization".
 *
 * @throws UserError unless `channels` is a whole number of at least 1.
 */
export class RMSNorm extends Module {
  readonly weight: Tensor | null;
  readonly eps: number;

  /** @param options.eps default 1e-5, as Llama's. */
  constructor(
    readonly channels: number,
    options: Omit<LayerNormOptions, 'bias'> = {},
  ) {
    super();
    checkSize('RMSNorm', 'channels', channels);
    const { eps = 1e-5, affine = true } = checkOptions('RMSNorm', options, ['eps', 'affine']);
    checkFinite('RMSNorm', 'eps', eps, 0);
    this.weight = affine ? parameter(ones([channels])) : null;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.eps);
  }
}
