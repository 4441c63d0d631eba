/** The fully connected layer. */
import { linear, type RandomSource, type Tensor } from '../tensor/index.js';
import { stackMatrices } from '../tensor/internal.js';
import * as init from './init.js';
import { Module } from './module.js';
import { emptyParameter } from './parameter.js';
import { checkLayerOptions, checkSize } from './sizes.js';

/** Fills a fresh tensor: one of `init`, with its options: `(w) => init.kaimingNormal(w, { nonlinearity: 'tanh' })`. */
export type Initializer = (tensor: Tensor) => unknown;

export interface LinearOptions {
  /** Whether to add a bias. Default true. */
  bias?: boolean;
  /** Fills the weight. Default: U(±1/√in), which is PyTorch's `kaiming_uniform` with a = √5. */
  init?: Initializer;
  /** Fills the bias. Default: U(±1/√in), as PyTorch's. */
  biasInit?: Initializer;
  /** Where the default initialisation draws from. Default `defaultRandom`. */
  random?: RandomSource;
  /**
   * Outputs of each of the layers that this one holds side by side, where it holds several (queries, keys and
   * values): `Muon` then takes each one's matrix by itself. Default: one layer.
   */
  stacked?: readonly number[];
}

/**
 * y = x · Wᵀ + b: x (…, in) → (…, out), with `weight` (out, in) and `bias` (out) or null.
 *
 * @throws UserError unless both sizes are whole numbers of at least 1.
 */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    checkSize('Linear', 'inFeatures', inFeatures);
    checkSize('Linear', 'outFeatures', outFeatures);
    const { bias = true, random } = checkLayerOptions('Linear', options, [
      'bias',
      'init',
      'biasInit',
      'random',
      'stacked',
    ]);
    const bound = 1 / Math.sqrt(inFeatures);
    const standard: Initializer = (tensor) =>
      init.uniform(tensor, { low: -bound, high: bound, random });
    this.weight = emptyParameter([outFeatures, inFeatures]);
    this.bias = bias ? emptyParameter([outFeatures]) : null;
    if (options.stacked) stackMatrices(this.weight, options.stacked);
    (options.init ?? standard)(this.weight);
    if (this.bias) (options.biasInit ?? standard)(this.bias);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias); // (…, in) → (…, out)
  }
}
