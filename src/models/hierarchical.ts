/**
 * The hierarchical MLP: neighbouring positions are fused in pairs, the pairs in pairs again, until one
 * vector stands for the whole window. Where the flattened MLP crushes all of T into one layer, here each
 * level has but two positions to put together, with the same weights all along the window.
 *
 * Karpathy, makemore, "Building a WaveNet" (2022), after the tree of figure 3 in van den Oord et al.,
 * "WaveNet" (2016): dilated convolutions with kernel 2, of which only the last output is computed.
 */
import { Embedding, init, type Layer, Linear, Module } from '../nn/index.js';
import { linearCrossEntropy, type Tensor } from '../tensor/index.js';
import { hierarchicalPresets } from './hierarchical-presets.js';
import { type HierarchicalConfig, hierarchicalSchema, levelsOf } from './hierarchical-settings.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';
import { makeNorm } from './norm.js';
import { weightInit } from './weight-init.js';

/** Weights from N(0, 1 / √in), biases 0. */
const gaussian = weightInit({ init: 'kaimingNormal' }, 'linear');

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
    this.output = new Linear(H, vocabSize, gaussian);
    this.output.weight.scale_(config.outputGain);
  }

  /** inputs (B, T) → logits (B, V) of the token after the window. */
  forward(inputs: Tensor): Tensor {
    return this.output.forward(this.features(inputs)); // (B, H) → (B, V)
  }

  /** What the output layer sees: (B, T) → (B, H). */
  private features(inputs: Tensor): Tensor {
    let x = this.embedding.forward(inputs); // (B, T) → (B, T, C)
    for (const level of this.levels) x = level.forward(x); // T / fuse each time, at last (B, 1, H)
    return x.flatten(1); // → (B, H)
  }

  /** inputs (B, T), targets (B) → the mean loss in nats, without holding the logits. */
  loss(inputs: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
    const { weight, bias } = this.output;
    return linearCrossEntropy(this.features(inputs), weight, bias, targets, options);
  }
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
    const { nHidden, fuse, hiddenGain } = config;
    this.norm = makeNorm(config, nHidden);
    this.linear = new Linear(fuse * channels, nHidden, {
      bias: this.norm === null, // a norm takes it away again, and has its own shift
      ...gaussian,
    });
    this.linear.weight.scale_(hiddenGain);
  }

  override forward(x: Tensor): Tensor {
    const { fuse } = this.config;
    const [B, T, C] = x.shape;
    const y = this.linear.forward(x.reshape(B, T / fuse, fuse * C)); // → (B, T / fuse, H)
    return (this.norm ? this.norm.forward(y) : y).tanh();
  }
}

export const hierarchical: ModelDefinition<HierarchicalConfig> = {
  name: 'hierarchical',
  summary: 'a window of embeddings, its neighbours fused level by level',
  source: 'Karpathy 2022, makemore, "Building a WaveNet"',
  schema: hierarchicalSchema,
  defaultPreset: 'published',
  presets: hierarchicalPresets,
  create: (config, vocabSize) => new Hierarchical(config, vocabSize),
};
