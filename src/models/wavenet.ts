/**
 * WaveNet: causal convolutions over time, each looking further back than the one before it, with gated
 * units, and a way past every block both for what goes on (residual) and for what comes out (skip).
 *
 * Van den Oord et al., "WaveNet: a generative model for raw audio" (2016), section 2; on tokens in place
 * of audio samples, and so with an embedding at the bottom.
 */
import {
  Conv1d,
  type Conv1dStream,
  conv1x1,
  Embedding,
  GroupNorm,
  init,
  type Layer,
  type Linear,
  Module,
} from '../nn/index.js';
import {
  gatedActivation,
  isGradEnabled,
  linearCrossEntropy,
  scope,
  type Tensor,
} from '../tensor/index.js';
import { foldInto, requireFoldable } from './fold.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';
import { makeNorm } from './norm.js';
import { wavenetPresets } from './wavenet-presets.js';
import { type WaveNetConfig, wavenetSchema } from './wavenet-settings.js';
import { decodeByStreams, type Streams } from './wavenet-streams.js';
import { type Follower, weightInit } from './weight-init.js';

export class WaveNet extends Module implements LanguageModel {
  readonly target = 'all';
  readonly blockSize: number;
  readonly embedding: Embedding;
  readonly initial: Conv1d;
  readonly blocks: Block[];
  readonly hidden: Linear[];
  readonly output: Linear;

  readonly config: WaveNetConfig;

  /** @throws UsageError for settings that do not fit; defaults are filled in. */
  constructor(
    settings: WaveNetConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('WaveNet', wavenetSchema, settings, vocabSize);
    this.config = config;
    const { blockSize, nEmbd, nResidual, nSkip, nBlock, nStack, embeddingStd: std } = config;
    this.blockSize = blockSize;
    this.embedding = new Embedding(vocabSize, nEmbd, { init: (w) => init.normal(w, { std }) });
    const linear = initFor(config, 'linear');
    this.initial = new Conv1d(nEmbd, nResidual, config.initialKernel, linear);
    this.blocks = Array.from({ length: nStack * nBlock }, (_, i) => new Block(config, i % nBlock));
    this.hidden = Array.from({ length: config.outputLayers - 1 }, () =>
      conv1x1(nSkip, nSkip, initFor(config, 'leakyRelu')),
    );
    this.output = conv1x1(nSkip, vocabSize, linear);
    this.output.weight.scale_(config.outputGain);
  }

  /** inputs (B, T) → logits (B, T, V) of the token after each position. */
  forward(inputs: Tensor): Tensor {
    return this.output.forward(this.features(inputs)); // (B, T, S) → (B, T, V)
  }

  /** What the last layer sees: (B, T) → (B, T, S); with streams, of the next position: (1) → (1, S). */
  private features(inputs: Tensor, streams?: Streams): Tensor {
    const { skips, negativeSlope } = this.config;
    let x = this.embedding.forward(inputs); // (B, T) → (B, T, E)
    x = streams ? streams.initial.feed(x) : this.initial.forward(x); // → (B, T, R)
    let out: Tensor | null = null;
    // Where no backward will ask for what a block made on its way, it is freed with the block.
    const within = isGradEnabled() ? <T>(body: () => T) => body() : scope;
    for (const [i, block] of this.blocks.entries()) {
      [x, out] = within((): [Tensor, Tensor] => {
        const gated = block.forward(x, streams?.blocks[i]); // → (B, T, G)
        const skip = block.skip.forward(gated); // → (B, T, S)
        // Nothing follows the last residual: its weights are counted, as the paper has them, but idle.
        const isLast = i === this.blocks.length - 1;
        const next = isLast ? x : x.add(block.residual.forward(gated)); // (B, T, R)
        return [next, out ? out.add(skip) : skip];
      });
    }
    out = skips === 'mean' ? out!.div(this.blocks.length) : out!;
    for (const layer of this.hidden) out = layer.forward(out.leakyRelu(negativeSlope));
    return out.leakyRelu(negativeSlope); // (B, T, S)
  }

  get divisibleHead(): Linear {
    return this.output;
  }

  /** inputs and targets (B, T) → the mean loss in nats, without holding the logits. */
  loss(inputs: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
    const { weight, bias } = this.output;
    return linearCrossEntropy(this.features(inputs), weight, bias, targets, options);
  }

  /** 1 + Σ (kernel − 1) · dilation, over the initial convolution and all blocks. */
  get receptiveField(): number {
    return [this.initial, ...this.blocks.map(({ dilated }) => dilated)].reduce(
      (field, convolution) => field + convolution.receptiveField - 1,
      1,
    );
  }

  /**
   * A model without normalisation that gives the same logits in evaluation: each BatchNorm folded into the
   * dilated convolution before it. This one is left as it is.
   *
   * @throws UserError where the normalisation cannot be folded: another kind, or one that stands
   *   before the convolution or uses batch statistics at inference.
   */
  folded(): WaveNet {
    requireFoldable(this.config, {
      normPosition: 'after',
      of: 'convolution',
      why: "the zeros that a causal convolution sees before the block are not normalised, so that a shift folded into it would be wrong at the block's start",
    });
    const bare = new WaveNet({ ...this.config, norm: 'none' }, this.vocabSize);
    return foldInto(
      bare,
      this,
      this.blocks.map(({ dilated, norm }, i) => [`blocks.${i}.dilated`, dilated, norm]),
    );
  }

  /**
   * Decoding that remembers each convolution's past, so that a token costs one position of each layer:
   * "Fast WaveNet generation algorithm", Le Paine et al. 2016. Gives what `forward` would for all that
   * was fed; beyond `blockSize`, too, as far as the receptive field reaches. Undefined where a BatchNorm
   * is set to the statistics of the batch at hand, which single positions do not have.
   */
  startDecoding() {
    return decodeByStreams(this, (inputs, streams) => this.features(inputs, streams));
  }
}

/** x (B, T, R) → the gated activation (B, T, G), from which residual and skip are made. */
class Block extends Module {
  readonly norm: Layer | null;
  readonly dilated: Conv1d;
  readonly residual: Linear;
  readonly skip: Linear;

  constructor(
    private readonly config: WaveNetConfig,
    index: number,
  ) {
    super();
    const { nResidual, nGate, nSkip, kernelSizes, dilations, gate } = config;
    this.norm = makeNorm(config, config.normPosition === 'before' ? nResidual : 2 * nGate);
    const kernelSize = kernelSizes[index % kernelSizes.length];
    const dilation = dilations[index % dilations.length];
    this.dilated = new Conv1d(nResidual, 2 * nGate, kernelSize, {
      dilation,
      ...initFor(config, gate),
    });
    this.residual = conv1x1(nGate, nResidual, initFor(config, 'linear'));
    this.skip = conv1x1(nGate, nSkip, initFor(config, 'leakyRelu'));
  }

  forward(x: Tensor, stream?: Conv1dStream): Tensor {
    const { gate, normPosition } = this.config;
    const seen = normPosition === 'before' ? this.normalized(x) : x;
    let wide = stream ? stream.feed(seen) : this.dilated.forward(seen); // (B, T, R) → (B, T, 2·G)
    if (normPosition === 'after') wide = this.normalized(wide);
    return gatedActivation(wide, gate); // → (B, T, G)
  }

  private normalized(x: Tensor): Tensor {
    if (!this.norm) return x;
    // GroupNorm takes its statistics over time as well, where the future is: here, of each position alone.
    if (this.norm instanceof GroupNorm && x.ndim === 3) {
      return this.norm.forward(x.flatten(0, 1)).reshape(...x.shape);
    }
    return this.norm.forward(x);
  }
}

/** A layer's initial weights, given what follows it: Xavier without a gain, as the published model has it. */
const initFor = (config: WaveNetConfig, after: Follower) =>
  weightInit(config, after, { xavierGain: false });

export const wavenet: ModelDefinition<WaveNetConfig> = {
  name: 'wavenet',
  summary: 'dilated causal convolutions with gates, residuals and skips',
  source: 'van den Oord et al. 2016, "WaveNet: a generative model for raw audio"',
  schema: wavenetSchema,
  defaultPreset: 'small',
  presets: wavenetPresets,
  create: (config, vocabSize) => new WaveNet(config, vocabSize),
};
