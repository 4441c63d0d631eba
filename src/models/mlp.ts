/**
 * The flattened MLP: the window's tokens are embedded, the embeddings are laid end to end, and hidden
 * layers predict the token that follows. Time has no axis of its own: position t of the window is the
 * columns t·C to (t + 1)·C of the first hidden weight.
 *
 * Bengio, Ducharme, Vincent and Jauvin, "A Neural Probabilistic Language Model", JMLR 3 (2003),
 * section 2, without its direct connections from the embeddings to the output.
 */
import { activation, Embedding, init, type Layer, LeakyReLU, Linear, Module } from '../nn/index.js';
import { linearCrossEntropy, type Tensor } from '../tensor/index.js';
import { foldInto, requireFoldable } from './fold.js';
import { mlpPresets } from './mlp-presets.js';
import { type MLPConfig, mlpSchema } from './mlp-settings.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';
import { makeNorm } from './norm.js';
import { weightInit } from './weight-init.js';

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

  /** inputs (B, T) → logits (B, V) of the token after the window. */
  forward(inputs: Tensor): Tensor {
    return this.output.forward(this.features(inputs)); // (B, H) → (B, V)
  }

  /** What the output layer sees: (B, T) → (B, H). */
  private features(inputs: Tensor): Tensor {
    let x = this.embedding.forward(inputs); // (B, T) → (B, T, C)
    x = this.config.combine === 'flatten' ? x.flatten(1) : x.mean(1); // → (B, T·C) or (B, C)
    for (const layer of this.hidden) x = layer.forward(x); // → (B, H)
    return x;
  }

  get divisibleHead(): Linear {
    return this.output;
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
   * @throws UserError where the normalisation cannot be folded: another kind, or one that stands
   *   after the activation or uses batch statistics at inference.
   */
  folded(): MLP {
    requireFoldable(this.config, { normPosition: 'before', of: 'activation' });
    const bare = new MLP({ ...this.config, norm: 'none', hiddenBias: true }, this.vocabSize);
    return foldInto(
      bare,
      this,
      this.hidden.map(({ linear, norm }, i) => [`hidden.${i}.linear`, linear, norm]),
    );
  }
}

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

export const mlp: ModelDefinition<MLPConfig> = {
  name: 'mlp',
  summary: 'a window of embeddings, flattened, through hidden layers',
  source: 'Bengio et al. 2003, "A Neural Probabilistic Language Model"',
  schema: mlpSchema,
  defaultPreset: 'published',
  presets: mlpPresets,
  create: (config, vocabSize) => new MLP(config, vocabSize),
};
