/** The causal convolution over time, as a layer, and one position after the other. */
import { conv1d, empty, type RandomSource, scope, type Tensor } from '../tensor/index.js';
import { checkTensor } from '../tensor/internal.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import * as init from './init.js';
import type { Initializer } from './linear.js';
import { Linear, type LinearOptions } from './linear.js';
import { Module } from './module.js';
import { emptyParameter, parameter } from './parameter.js';
import { checkLayerOptions, checkSize } from './sizes.js';

export interface Conv1dLayerOptions {
  /** Positions between the taps of the kernel. Default 1. */
  dilation?: number;
  /** Into so many parts are the channels divided, each seen by its own outputs only. Default 1. */
  groups?: number;
  /** Whether to add a bias. Default true. */
  bias?: boolean;
  /** Fills the weight, handed in PyTorch's shape (out, in / groups, kernel). Default: U(±1/√(in / groups · kernel)), as PyTorch's. */
  init?: Initializer;
  /** Fills the bias. Default: as the weight. */
  biasInit?: Initializer;
  /** Where the default initialisation draws from. Default `defaultRandom`. */
  random?: RandomSource;
}

/**
 * A causal, dilated convolution: x (B, T, in) → (B, T, out). Position t sees itself and kernel − 1
 * positions before it, `dilation` apart; before the block there are zeros. PyTorch's `Conv1d`, padded on
 * the left, with channels last.
 *
 * `weight` is (kernel, out, in / groups), so that each tap is a matrix; `weight.permute(1, 2, 0)` is
 * PyTorch's (see `conv1d`). `bias` is (out) or null.
 *
 * @throws UserError unless all sizes are whole numbers of at least 1 and groups divide the channels.
 */
export class Conv1d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly dilation: number;
  readonly groups: number;

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly kernelSize: number,
    options: Conv1dLayerOptions = {},
  ) {
    super();
    const {
      dilation = 1,
      groups = 1,
      bias = true,
      random,
    } = checkLayerOptions('Conv1d', options, [
      'dilation',
      'groups',
      'bias',
      'init',
      'biasInit',
      'random',
    ]);
    const sizes = { inChannels, outChannels, kernelSize, dilation, groups };
    for (const [name, value] of Object.entries(sizes)) checkSize('Conv1d', name, value);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new UserError(
        `Conv1d: expected groups to divide the channels, got ${groups} for ${inChannels} in and ${outChannels} out`,
      );
    }
    this.dilation = dilation;
    this.groups = groups;
    const bound = 1 / Math.sqrt((inChannels / groups) * kernelSize);
    const standard: Initializer = (tensor) =>
      init.uniform(tensor, { low: -bound, high: bound, random });
    this.weight = scope(() => {
      // Initialisers count fan in and fan out by PyTorch's shape.
      const weight = empty([outChannels, inChannels / groups, kernelSize]);
      (options.init ?? standard)(weight);
      return parameter(weight.permute(2, 0, 1)); // → (kernel, out, in / groups)
    });
    this.bias = bias ? emptyParameter([outChannels]) : null;
    if (this.bias) (options.biasInit ?? standard)(this.bias);
  }

  /** How many positions an output depends on, its own included. */
  get receptiveField(): number {
    return (this.kernelSize - 1) * this.dilation + 1;
  }

  override forward(x: Tensor): Tensor {
    const { dilation, groups } = this;
    return conv1d(x, this.weight, this.bias, { dilation, groups }); // (B, T, in) → (B, T, out)
  }

  /** Takes one position after the other, remembering what it has seen. */
  startStream(): Conv1dStream {
    return new Conv1dStream(this);
  }
}

/**
 * A convolution fed position by position: for each, one product a tap, equal to what `forward` gives for
 * it with all positions before. Keeps the inputs that its layer can still look back at.
 */
export class Conv1dStream implements Disposable {
  /** (receptive field, in), written in turn. */
  readonly #past: Tensor;
  #count = 0;

  constructor(private readonly layer: Conv1d) {
    if (!(layer instanceof Conv1d)) {
      throw new UserError(`Conv1dStream: expected a Conv1d, got ${describeValue(layer)}`);
    }
    this.#past = empty([layer.receptiveField, layer.inChannels]).retain();
  }

  /** The next position: x (1, in) → (1, out). */
  feed(x: Tensor): Tensor {
    checkTensor('Conv1dStream.feed', x);
    const { weight, bias, kernelSize, dilation, groups, inChannels } = this.layer;
    const length = this.#past.shape[0];
    const now = this.#count++;
    this.#past.narrow(0, now % length, 1).copy_(x);
    let y: Tensor | undefined;
    for (let back = 0; back < kernelSize && back * dilation <= now; back++) {
      const seen = this.#past.narrow(0, (now - back * dilation) % length, 1); // (1, in)
      const tap = weight.narrow(0, kernelSize - 1 - back, 1); // (1, out, in / groups)
      const part = conv1d(seen.reshape(1, 1, inChannels), tap, back === 0 ? bias : null, {
        groups,
      });
      y = y ? y.addScaled_(part, 1) : part;
    }
    return y!.alias([1, this.layer.outChannels]);
  }

  [Symbol.dispose](): void {
    this.#past.dispose();
  }
}

/**
 * A convolution whose kernel is 1: at each position the same matrix for its channels, which is what
 * `Linear` does over the last dimension. x (…, in) → (…, out).
 */
export function conv1x1(inChannels: number, outChannels: number, options?: LinearOptions): Linear {
  return new Linear(inChannels, outChannels, options);
}
