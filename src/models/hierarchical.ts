/**
 * The hierarchical MLP: neighbouring positions are fused in pairs, the pairs in pairs again, until one
 * vector stands for the whole window. Where the flattened MLP crushes all of T into one layer, here each
 * level has but two positions to put together, with the same weights all along the window.
 *
 * Karpathy, makemore, "Building a WaveNet" (2022), after the tree of figure 3 in van den Oord et al.,
 * "WaveNet" (2016): dilated convolutions with kernel 2, of which only the last output is computed.
 */
import { z } from 'zod';
import { Embedding, init, type Layer, Linear, Module } from '../nn/index.js';
import { linearCrossEntropy, type Tensor } from '../tensor/index.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';
import { makeNorm, normShape } from './norm.js';
import type { TrainingPreset } from './preset.js';

export const hierarchicalSchema = z
  .strictObject({
    blockSize: z.int().min(2).default(8).describe('T: tokens in the window, a power of fuse'),
    nEmbd: z.int().min(1).default(24).describe('C: channels of an embedding'),
    nHidden: z.int().min(1).default(128).describe('H: units of each level'),
    fuse: z.int().min(2).default(2).describe('neighbours that a level puts together'),
    embeddingStd: z.number().min(0).default(1).describe("1 as in PyTorch's Embedding"),
    hiddenGain: z
      .number()
      .min(0)
      .default(1)
      .describe(
        'of the initial hidden weights, N(0, gain / √in); 1 as published: the norm follows',
      ),
    outputGain: z
      .number()
      .min(0)
      .default(0.1)
      .describe('scales the initial output weight; small: the first loss is ln V'),
    ...normShape,
    norm: normShape.norm
      .default('batch')
      .describe('normalisation of the hidden layers; batch: over windows and positions'),
  })
  .superRefine(({ blockSize, fuse }, context) => {
    if (fuse ** levelsOf(blockSize, fuse) === blockSize) return;
    context.addIssue({
      code: 'custom',
      path: ['blockSize'],
      message: `expected a power of fuse (${fuse}, ${fuse ** 2}, ${fuse ** 3}, …), so that the levels end at one position, got ${blockSize}`,
    });
  });

export type HierarchicalConfig = z.infer<typeof hierarchicalSchema>;

/** How often T positions can be fused before one is left. */
function levelsOf(blockSize: number, fuse: number): number {
  let levels = 0;
  for (let positions = blockSize; positions >= fuse; positions /= fuse) levels++;
  return levels;
}

/** x (B, T, C) → neighbours end to end (B, T / fuse, fuse·C) → linear → norm → tanh → (B, T / fuse, H). */
class Level extends Module implements Layer {
  readonly linear: Linear;
  readonly norm: Layer | null;

  constructor(
    channels: number,
    private readonly config: HierarchicalConfig,
  ) {
    super();
    const { nHidden, fuse, hiddenGain: gain } = config;
    this.norm = makeNorm(config, nHidden);
    this.linear = new Linear(fuse * channels, nHidden, {
      bias: this.norm === null, // a norm takes it away again, and has its own shift
      init: (weight) => init.kaimingNormal(weight, { nonlinearity: 'linear' }).scale_(gain),
      biasInit: init.zeros,
    });
  }

  override forward(x: Tensor): Tensor {
    const { fuse } = this.config;
    const [B, T, C] = x.shape;
    const y = this.linear.forward(x.reshape(B, T / fuse, fuse * C)); // → (B, T / fuse, H)
    return (this.norm ? this.norm.forward(y) : y).tanh();
  }
}

export class Hierarchical extends Module implements LanguageModel {
  readonly target = 'next';
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly embedding: Embedding;
  readonly levels: Level[];
  readonly output: Linear;

  readonly config: HierarchicalConfig;

  /** @throws UsageError for settings that do not fit; defaults are filled in. */
  constructor(
    settings: HierarchicalConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('Hierarchical', hierarchicalSchema, settings, vocabSize);
    this.config = config;
    const { blockSize: T, nEmbd: C, nHidden: H, fuse, embeddingStd: std } = config;
    this.blockSize = T;
    this.receptiveField = T;
    this.embedding = new Embedding(vocabSize, C, { init: (w) => init.normal(w, { std }) });
    this.levels = Array.from(
      { length: levelsOf(T, fuse) },
      (_, i) => new Level(i === 0 ? C : H, config),
    );
    this.output = new Linear(H, vocabSize, {
      init: (weight) => init.kaimingNormal(weight, { nonlinearity: 'linear' }),
      biasInit: init.zeros,
    });
    this.output.weight.scale_(config.outputGain);
  }

  /** What the output layer sees: (B, T) → (B, H). */
  private features(inputs: Tensor): Tensor {
    let x = this.embedding.forward(inputs); // (B, T) → (B, T, C)
    for (const level of this.levels) x = level.forward(x); // T / fuse each time, at last (B, 1, H)
    return x.flatten(1); // → (B, H)
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

/** 200,000 steps of 32 names' windows at 0.1, the last quarter at 0.01. */
const training: TrainingPreset = {
  steps: 200_000,
  batchSize: 32,
  optimizer: 'sgd',
  lr: 0.1,
  schedule: 'step',
  stepAt: [150_000],
  stepFactor: 0.1,
  evalInterval: 10_000,
  evalBatches: 200,
  checkpointInterval: 50_000,
};

export const hierarchical: ModelDefinition<HierarchicalConfig> = {
  name: 'hierarchical',
  summary: 'a window of embeddings, its neighbours fused level by level',
  source: 'Karpathy 2022, makemore, "Building a WaveNet"',
  schema: hierarchicalSchema,
  defaultPreset: 'published',
  presets: {
    published: {
      summary: '76,579 parameters on names, SGD, 200,000 steps: 1.769 train, 1.9937 validation',
      model: { nEmbd: 24, nHidden: 128 },
      data: 'names',
      tokenizer: 'char',
      training,
    },
    small: {
      summary: '22,397 parameters, as many as a flattened MLP over the same window has',
      model: { nEmbd: 10, nHidden: 68 },
      data: 'names',
      tokenizer: 'char',
      training,
    },
  },
  create: (config, vocabSize) => new Hierarchical(config, vocabSize),
};
