/**
 * The flattened MLP: the window's tokens are embedded, the embeddings are laid end to end, and hidden
 * layers predict the token that follows. Time has no axis of its own: position t of the window is the
 * columns t·C to (t + 1)·C of the first hidden weight.
 *
 * Bengio, Ducharme, Vincent and Jauvin, "A Neural Probabilistic Language Model", JMLR 3 (2003),
 * section 2, without its direct connections from the embeddings to the output.
 */
import { z } from 'zod';
import {
  activation,
  type BatchNorm1d,
  Embedding,
  foldBatchNorm,
  type Initializer,
  init,
  type Layer,
  LeakyReLU,
  Linear,
  Module,
} from '../nn/index.js';
import { linearCrossEntropy, type Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';
import { makeNorm, normShape } from './norm.js';

export const mlpSchema = z.strictObject({
  blockSize: z.int().min(1).default(10).describe('T: tokens in the window'),
  nEmbd: z.int().min(1).default(200).describe('C: channels of an embedding'),
  nHidden: z.int().min(1).default(200).describe('H: units of a hidden layer'),
  nLayer: z.int().min(1).default(1).describe('hidden layers, one after the other'),
  combine: z
    .enum(['flatten', 'mean'])
    .default('flatten')
    .describe('embeddings end to end (T·C inputs), or averaged over the window: a bag of words'),
  activation: z
    .enum(['leakyRelu', 'relu', 'tanh', 'gelu', 'silu', 'sigmoid'])
    .default('leakyRelu')
    .describe('nonlinearity of the hidden layers'),
  negativeSlope: z.number().default(0.01).describe('of leakyRelu below 0; 0.01 as in PyTorch'),
  hiddenBias: z.boolean().default(false).describe('the published model has none'),
  outputBias: z.boolean().default(true).describe('lets the model learn the unigram by itself'),
  init: z
    .enum(['kaimingNormal', 'kaimingUniform', 'xavierNormal', 'xavierUniform', 'pytorch'])
    .default('kaimingNormal')
    .describe("of the weights; pytorch: the layers' own defaults"),
  hiddenGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scales the initial hidden weights: what too small or too large does'),
  embeddingStd: z.number().min(0).default(1).describe("1 as in PyTorch's Embedding"),
  outputGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scales the initial output weight; small: the first loss is ln V'),
  residual: z
    .boolean()
    .default(false)
    .describe('whether hidden layers after the first add to what comes in (He et al. 2016)'),
  ...normShape,
  normPosition: z
    .enum(['before', 'after'])
    .default('before')
    .describe('norm before or after the activation; before, as in Ioffe and Szegedy 2015'),
});

export type MLPConfig = z.infer<typeof mlpSchema>;

/** x (B, in) → linear → normalisation → activation → (B, H); or the normalisation last. */
class HiddenLayer extends Module implements Layer {
  readonly linear: Linear;
  readonly norm: Layer | null;
  readonly activation: Layer;
  private readonly normLast: boolean;
  private readonly residual: boolean;

  constructor(inSize: number, config: MLPConfig, first: boolean) {
    super();
    const { nHidden, hiddenBias, negativeSlope } = config;
    const options = { bias: hiddenBias, ...weightInit(config, config.activation) };
    this.linear = new Linear(inSize, nHidden, options);
    this.linear.weight.scale_(config.hiddenGain);
    this.norm = makeNorm(config, nHidden);
    this.activation =
      config.activation === 'leakyRelu'
        ? new LeakyReLU(negativeSlope)
        : activation(config.activation);
    this.normLast = config.normPosition === 'after';
    this.residual = config.residual && !first; // the first one's input is of another size
  }

  forward(x: Tensor): Tensor {
    let y = this.linear.forward(x); // (B, in) → (B, H)
    if (this.norm && !this.normLast) y = this.norm.forward(y);
    y = this.activation.forward(y);
    if (this.norm && this.normLast) y = this.norm.forward(y);
    return this.residual ? x.add(y) : y;
  }
}

export class MLP extends Module implements LanguageModel {
  readonly target = 'next';
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly embedding: Embedding;
  readonly hidden: HiddenLayer[];
  readonly output: Linear;

  readonly config: MLPConfig;

  /** @throws UsageError for settings that do not fit; defaults are filled in. */
  constructor(
    settings: MLPConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('MLP', mlpSchema, settings, vocabSize);
    this.config = config;
    const { blockSize: T, nEmbd: C, nHidden: H, nLayer, embeddingStd: std } = config;
    this.blockSize = T;
    this.receptiveField = T;
    this.embedding = new Embedding(vocabSize, C, { init: (w) => init.normal(w, { std }) });
    const inSize = config.combine === 'flatten' ? T * C : C;
    this.hidden = Array.from(
      { length: nLayer },
      (_, i) => new HiddenLayer(i === 0 ? inSize : H, config, i === 0),
    );
    const options = { bias: config.outputBias, ...weightInit(config, 'linear') };
    this.output = new Linear(H, vocabSize, options);
    this.output.weight.scale_(config.outputGain);
  }

  /** What the output layer sees: (B, T) → (B, H). */
  private features(inputs: Tensor): Tensor {
    let x = this.embedding.forward(inputs); // (B, T) → (B, T, C)
    x = this.config.combine === 'flatten' ? x.flatten(1) : x.mean(1); // → (B, T·C) or (B, C)
    for (const layer of this.hidden) x = layer.forward(x); // → (B, H)
    return x;
  }

  /** inputs (B, T) → logits (B, V) of the token after the window. */
  forward(inputs: Tensor): Tensor {
    return this.output.forward(this.features(inputs)); // (B, H) → (B, V)
  }

  /** inputs (B, T), targets (B) → the mean loss in nats, without holding the logits. */
  loss(inputs: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
    const { weight, bias } = this.output;
    return linearCrossEntropy(this.features(inputs), weight, bias, targets, options);
  }

  /**
   * A model without normalisation that gives the same logits in evaluation: each BatchNorm folded into the
   * linear layer before it. This one is left as it is.
   *
   * @throws UserError where the normalisation is none that can be folded: another one, or one that stands
   *   after the activation or uses batch statistics at inference.
   */
  folded(): MLP {
    const { norm, normPosition } = this.config;
    if (norm !== 'batch' || normPosition !== 'before') {
      throw new UserError(
        `fold: expected norm=batch before the activation, got norm=${norm} ${normPosition} it`,
      );
    }
    const model = new MLP({ ...this.config, norm: 'none', hiddenBias: true }, this.vocabSize);
    const own = this.stateDict();
    const state = new Map([...model.stateDict().keys()].map((key) => [key, own.get(key)!]));
    this.hidden.forEach(({ linear, norm: layer }, i) => {
      const { weight, bias } = foldBatchNorm(linear, layer as BatchNorm1d);
      state.set(`hidden.${i}.linear.weight`, weight).set(`hidden.${i}.linear.bias`, bias!);
    });
    model.loadStateDict(state);
    return model.train(this.training);
  }
}

/** What a layer's weight starts from, given the nonlinearity after it; biases start from 0. */
function weightInit(
  config: MLPConfig,
  after: MLPConfig['activation'] | 'linear',
): { init?: Initializer; biasInit?: Initializer } {
  if (config.init === 'pytorch') return {};
  // GELU and SiLU have no gain of their own in PyTorch; for large inputs they are ReLU.
  const nonlinearity = after === 'gelu' || after === 'silu' ? 'relu' : after;
  const a = config.negativeSlope;
  const gain = init.calculateGain(nonlinearity, a);
  const fills: Record<Exclude<MLPConfig['init'], 'pytorch'>, Initializer> = {
    kaimingNormal: (weight) => init.kaimingNormal(weight, { nonlinearity, a }),
    kaimingUniform: (weight) => init.kaimingUniform(weight, { nonlinearity, a }),
    xavierNormal: (weight) => init.xavierNormal(weight, { gain }),
    xavierUniform: (weight) => init.xavierUniform(weight, { gain }),
  };
  return { init: fills[config.init], biasInit: init.zeros };
}

export const mlp: ModelDefinition<MLPConfig> = {
  name: 'mlp',
  summary: 'a window of embeddings, flattened, through hidden layers',
  source: 'Bengio et al. 2003, "A Neural Probabilistic Language Model"',
  schema: mlpSchema,
  defaultPreset: 'published',
  presets: {
    published: {
      summary: '20,562,681 parameters on p50k_base, SGD, 1,400 steps',
      // Halved, embeddings and output keep the first loss near ln V, and bear a greater rate: measured
      // 5.59 on validation, against 5.92 at full size and a rate of 0.5.
      model: { embeddingStd: 0.5, outputGain: 0.5 },
      tokenizer: 'p50k_base',
      training: {
        steps: 1400,
        batchSize: 100,
        optimizer: 'sgd',
        lr: 0.7,
        schedule: 'step',
        stepAt: [1000],
        stepFactor: 0.1,
        evalInterval: 100,
        evalBatches: 40,
        checkpointInterval: 700,
      },
    },
    chars: {
      summary: 'a first look in 20 seconds, on characters',
      model: { blockSize: 16, nEmbd: 32, nHidden: 512, outputGain: 0.1 },
      tokenizer: 'char',
      split: [0.9, 0.1, 0],
      training: {
        steps: 12_000,
        batchSize: 128,
        optimizer: 'adamw',
        lr: 3e-3,
        schedule: 'cosine',
        minLr: 1e-4,
        warmupSteps: 200,
        evalBatches: 20,
        checkpointInterval: 6000,
      },
    },
  },
  create: (config, vocabSize) => new MLP(config, vocabSize),
};
