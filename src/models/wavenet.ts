/**
 * WaveNet: causal convolutions over time, each looking further back than the one before it, with gated
 * units, and a way past every block both for what goes on (residual) and for what comes out (skip).
 *
 * Van den Oord et al., "WaveNet: a generative model for raw audio" (2016), section 2; on tokens in place
 * of audio samples, and so with an embedding at the bottom.
 */
import { z } from 'zod';
import {
  BatchNorm1d,
  Conv1d,
  type Conv1dStream,
  conv1x1,
  Embedding,
  foldBatchNorm,
  GroupNorm,
  type Initializer,
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
  tensor,
} from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';
import { makeNorm, normShape } from './norm.js';
import { wavenetPresets } from './wavenet-presets.js';

const channels = z.int().min(1).default(128);

export const wavenetSchema = z
  .strictObject({
    blockSize: z.int().min(1).default(64).describe('T: tokens in the window'),
    nEmbd: channels.describe('channels of an embedding'),
    nResidual: channels.describe('channels that go from block to block'),
    nGate: channels.describe('channels of a gated activation; the convolution has twice as many'),
    nSkip: channels.describe('channels of the skips, and of the output layers'),
    nBlock: z.int().min(1).default(6).describe('blocks of a stack'),
    nStack: z.int().min(1).default(1).describe('stacks: the blocks over again, with own weights'),
    kernelSizes: z
      .array(z.int().min(1))
      .default([2])
      .describe('taps of each block of a stack; one number: of all of them'),
    dilations: z
      .array(z.int().min(1))
      .default([1, 2, 4, 8, 16, 32])
      .describe('positions between taps, by block; doubled each time, the field grows as 2ⁿ'),
    initialKernel: z.int().min(1).default(2).describe('taps of the convolution before all blocks'),
    gate: z
      .enum(['tanh', 'linear'])
      .default('tanh')
      .describe('tanh(a)·σ(b) (van den Oord 2016), or a·σ(b), a gated linear unit (Dauphin 2017)'),
    skips: z.enum(['sum', 'mean']).default('mean').describe('how the skips of all blocks meet'),
    outputLayers: z
      .int()
      .min(1)
      .max(2)
      .default(2)
      .describe('1×1 convolutions from skips to logits, each after a leaky ReLU; 2 in the paper'),
    negativeSlope: z.number().default(0.01).describe('of leaky ReLU below 0; 0.01 as in PyTorch'),
    init: z
      .enum(['xavierUniform', 'xavierNormal', 'kaimingUniform', 'kaimingNormal', 'pytorch'])
      .default('xavierUniform')
      .describe("of the weights, biases 0; pytorch: the layers' own defaults"),
    embeddingStd: z.number().min(0).default(1).describe("1 as in PyTorch's Embedding"),
    outputGain: z
      .number()
      .min(0)
      .default(1)
      .describe('scales the initial output weight; small: the first loss is ln V'),
    ...normShape,
    normPosition: z
      .enum(['before', 'after'])
      .default('before')
      .describe('norm of what a dilated convolution sees, or of what it gives to the gate'),
  })
  .superRefine(({ nBlock, kernelSizes, dilations }, context) => {
    for (const [key, list] of Object.entries({ kernelSizes, dilations })) {
      if (list.length === nBlock || list.length === 1) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `expected one number for each of the ${nBlock} blocks of a stack (nBlock), or one for all, got ${list.length}`,
      });
    }
  });

export type WaveNetConfig = z.infer<typeof wavenetSchema>;

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
      ...weightInit(config, gate),
    });
    this.residual = conv1x1(nGate, nResidual, weightInit(config, 'linear'));
    this.skip = conv1x1(nGate, nSkip, weightInit(config, 'leakyRelu'));
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
    const linear = weightInit(config, 'linear');
    this.initial = new Conv1d(nEmbd, nResidual, config.initialKernel, linear);
    this.blocks = Array.from({ length: nStack * nBlock }, (_, i) => new Block(config, i % nBlock));
    this.hidden = Array.from({ length: config.outputLayers - 1 }, () =>
      conv1x1(nSkip, nSkip, weightInit(config, 'leakyRelu')),
    );
    this.output = conv1x1(nSkip, vocabSize, linear);
    this.output.weight.scale_(config.outputGain);
  }

  /** 1 + Σ (kernel − 1) · dilation, over the initial convolution and all blocks. */
  get receptiveField(): number {
    return [this.initial, ...this.blocks.map(({ dilated }) => dilated)].reduce(
      (field, convolution) => field + convolution.receptiveField - 1,
      1,
    );
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

  /** inputs (B, T) → logits (B, T, V) of the token after each position. */
  forward(inputs: Tensor): Tensor {
    return this.output.forward(this.features(inputs)); // (B, T, S) → (B, T, V)
  }

  /** inputs and targets (B, T) → the mean loss in nats, without holding the logits. */
  loss(inputs: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
    const { weight, bias } = this.output;
    return linearCrossEntropy(this.features(inputs), weight, bias, targets, options);
  }

  /**
   * A model without normalisation that gives the same logits in evaluation: each BatchNorm folded into the
   * dilated convolution before it. This one is left as it is.
   *
   * @throws UserError where the normalisation is none that can be folded: another one, or one that stands
   *   before the convolution or uses batch statistics at inference.
   */
  folded(): WaveNet {
    const { norm, normPosition } = this.config;
    if (norm !== 'batch') {
      throw new UserError(`fold: expected norm=batch after the convolution, got norm=${norm}`);
    }
    if (normPosition === 'before') {
      throw new UserError(
        'fold: expected norm=batch after the convolution (normPosition=after), got it before: the zeros ' +
          'that a causal convolution sees before the block are not normalised, so that a shift folded ' +
          "into it would be wrong at the block's start",
      );
    }
    const model = new WaveNet({ ...this.config, norm: 'none' }, this.vocabSize);
    const own = this.stateDict();
    const state = new Map([...model.stateDict().keys()].map((key) => [key, own.get(key)!]));
    this.blocks.forEach(({ dilated, norm: layer }, i) => {
      const { weight, bias } = foldBatchNorm(dilated, layer as BatchNorm1d);
      state.set(`blocks.${i}.dilated.weight`, weight).set(`blocks.${i}.dilated.bias`, bias!);
    });
    model.loadStateDict(state);
    return model.train(this.training);
  }

  /**
   * Decoding that remembers each convolution's past, so that a token costs one position of each layer:
   * "Fast WaveNet generation algorithm", Le Paine et al. 2016. Gives what `forward` would for all that
   * was fed; beyond `blockSize`, too, as far as the receptive field reaches. Undefined where a BatchNorm
   * is set to the statistics of the batch at hand, which single positions do not have.
   */
  startDecoding() {
    const byBatch = ({ norm }: Block) => norm instanceof BatchNorm1d && norm.inference === 'batch';
    if (this.blocks.some(byBatch)) return undefined;
    const streams: Streams = {
      initial: this.initial.startStream(),
      blocks: this.blocks.map(({ dilated }) => dilated.startStream()),
    };
    let isFresh = true;
    return {
      feed: (ids: Int32Array): Tensor => {
        // Of a prompt, what lies beyond the receptive field changes nothing.
        const seen = isFresh ? ids.subarray(-this.receptiveField) : ids;
        isFresh = false;
        for (const id of seen.subarray(0, -1)) {
          scope(() => void this.features(tensor(Int32Array.of(id)), streams));
        }
        const last = this.features(tensor(seen.slice(-1)), streams); // (1) → (1, S)
        return this.output.forward(last).alias([this.vocabSize]); // (1, V) → (V)
      },
      [Symbol.dispose]: () => {
        for (const stream of [streams.initial, ...streams.blocks]) stream[Symbol.dispose]();
      },
    };
  }
}

/** The convolutions' memories while a text is written. */
interface Streams {
  readonly initial: Conv1dStream;
  readonly blocks: readonly Conv1dStream[];
}

/** What a layer's weight starts from, given what comes after it; biases start from 0. */
function weightInit(
  { init: name, negativeSlope: a }: WaveNetConfig,
  after: 'linear' | 'tanh' | 'leakyRelu',
): { init?: Initializer; biasInit?: Initializer } {
  if (name === 'pytorch') return {};
  const kaiming = { nonlinearity: after, a };
  const fills: Record<Exclude<WaveNetConfig['init'], 'pytorch'>, Initializer> = {
    // Xavier without a gain, as the published model has it: it weighs both directions, not what follows.
    xavierUniform: (weight) => init.xavierUniform(weight),
    xavierNormal: (weight) => init.xavierNormal(weight),
    kaimingUniform: (weight) => init.kaimingUniform(weight, kaiming),
    kaimingNormal: (weight) => init.kaimingNormal(weight, kaiming),
  };
  return { init: fills[name], biasInit: init.zeros };
}

export const wavenet: ModelDefinition<WaveNetConfig> = {
  name: 'wavenet',
  summary: 'dilated causal convolutions with gates, residuals and skips',
  source: 'van den Oord et al. 2016, "WaveNet: a generative model for raw audio"',
  schema: wavenetSchema,
  defaultPreset: 'small',
  presets: wavenetPresets,
  create: (config, vocabSize) => new WaveNet(config, vocabSize),
};
