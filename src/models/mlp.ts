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
  Embedding,
  type Initializer,
  init,
  type Layer,
  LeakyReLU,
  Linear,
  Module,
} from '../nn/index.js';
import { linearCrossEntropy, type Tensor } from '../tensor/index.js';
import type { LanguageModel, LossOptions, ModelDefinition } from './model.js';

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
  embeddingStd: z.number().min(0).default(1).describe("1 as in PyTorch's Embedding"),
  outputGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scales the initial output weight; small: the first loss is ln V'),
});

export type MLPConfig = z.infer<typeof mlpSchema>;

/** x (B, in) → linear → activation → (B, H). A normalisation would stand between the two. */
class HiddenLayer extends Module implements Layer {
  readonly linear: Linear;
  readonly activation: Layer;

  constructor(inSize: number, config: MLPConfig) {
    super();
    const { nHidden, hiddenBias, negativeSlope } = config;
    const options = { bias: hiddenBias, ...weightInit(config, config.activation) };
    this.linear = new Linear(inSize, nHidden, options);
    this.activation =
      config.activation === 'leakyRelu'
        ? new LeakyReLU(negativeSlope)
        : activation(config.activation);
  }

  forward(x: Tensor): Tensor {
    return this.activation.forward(this.linear.forward(x)); // (B, in) → (B, H)
  }
}

export class MLP extends Module implements LanguageModel {
  readonly target = 'next';
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly embedding: Embedding;
  readonly hidden: HiddenLayer[];
  readonly output: Linear;

  constructor(
    readonly config: MLPConfig,
    readonly vocabSize: number,
  ) {
    super();
    const { blockSize: T, nEmbd: C, nHidden: H, nLayer, embeddingStd: std } = config;
    this.blockSize = T;
    this.receptiveField = T;
    this.embedding = new Embedding(vocabSize, C, { init: (w) => init.normal(w, { std }) });
    const inSize = config.combine === 'flatten' ? T * C : C;
    this.hidden = Array.from(
      { length: nLayer },
      (_, i) => new HiddenLayer(i === 0 ? inSize : H, config),
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
      // A small first output keeps the first loss at ln V; the rate is the best of 0.3 to 1 with it.
      model: { outputGain: 0.1 },
      tokenizer: 'p50k_base',
      training: {
        steps: 1400,
        batchSize: 100,
        optimizer: 'sgd',
        lr: 0.4,
        schedule: 'step',
        stepAt: [1000],
        stepFactor: 0.1,
        evalInterval: 100,
        evalBatches: 30,
        checkpointInterval: 700,
      },
    },
    chars: {
      summary: 'a first look in 20 seconds, on characters',
      model: { blockSize: 16, nEmbd: 24, nHidden: 256, embeddingStd: 1, outputGain: 0.1 },
      tokenizer: 'char',
      split: [0.9, 0.1, 0],
      training: {
        steps: 10_000,
        batchSize: 64,
        optimizer: 'adamw',
        lr: 3e-3,
        schedule: 'cosine',
        minLr: 1e-4,
        warmupSteps: 200,
        evalInterval: 1000,
        evalBatches: 20,
        checkpointInterval: 5000,
      },
    },
  },
  create: (config, vocabSize) => new MLP(config, vocabSize),
};
