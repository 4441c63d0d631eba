/**
 * The decoder-only transformer that GPT and Llama are settings of.
 *
 *     x = wte(ids) + wpe(positions)                        or without wpe, and rotary positions in attention
 *     x = x + attn(ln1(x));  x = x + mlp(ln2(x))           nLayer times
 *     logits = lmHead(lnF(x))
 *
 * Vaswani et al. 2017, "Attention is all you need"; Radford et al. 2019, "Language models are unsupervised
 * multitask learners" (GPT-2); Touvron et al. 2023, "LLaMA". The names of parts are those of nanoGPT
 * (github.com/karpathy/nanoGPT, model.py) in TypeScript's spelling.
 */
import { Dropout, Embedding, Identity, type Layer, Linear, Module } from '../../nn/index.js';
import {
  crossEntropy,
  type Indices,
  linear,
  linearCrossEntropy,
  RotaryTable,
  type Tensor,
  tensor,
} from '../../tensor/index.js';
import { checkTensor } from '../../tensor/internal.js';
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { checkedConfig, type LanguageModel, type LossOptions } from '../model.js';
import type { Passage } from './attention.js';
import { Block, makeNorm } from './block.js';
import type { LayerCache } from './cache.js';
import { CachedDecoding } from './decoding.js';
import { gaussian, gaussianTable, STD } from './init.js';
import { sinusoids } from './positions.js';
import {
  sizesOf,
  type TransformerConfig,
  type TransformerSizes,
  transformerSchema,
} from './settings.js';

/** What was seen before the tokens at hand. */
export interface Past {
  /** Where the first of them stands. */
  readonly position: number;
  /** The rotary table, and where in it that position is; null without rotary positions. */
  readonly table: RotaryTable | null;
  readonly offset: number;
  /** Keys and values, a cache for each layer. */
  readonly caches: readonly LayerCache[];
}

export class Transformer extends Module implements LanguageModel {
  readonly target = 'all';
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly sizes: TransformerSizes;
  readonly wte: Embedding;
  /** Learned positions; null where there are others. */
  readonly wpe: Embedding | null;
  readonly drop: Dropout;
  readonly h: readonly Block[];
  readonly lnF: Layer;
  /** Logits' weight (V, C); the token embedding's own where the head is tied. */
  readonly lmHead: { readonly weight: Tensor };

  /** Tables, not learned: rotary positions, or sinusoids (blockSize, C). */
  readonly #rotary: RotaryTable | null;
  readonly #sinusoids: Tensor | null;

  readonly config: TransformerConfig;

  /**
   * @param name of the model, for errors.
   * @throws UsageError for settings that do not fit, or contradict one another.
   */
  constructor(
    readonly name: string,
    settings: Partial<TransformerConfig>,
    readonly vocabSize: number,
  ) {
    super();
    if (typeof name !== 'string') {
      throw new UserError(`Transformer: expected a name, got ${describeValue(name)}`);
    }
    const config = checkedConfig(name, transformerSchema, settings, vocabSize);
    this.config = config;
    const { blockSize, nEmbd: C, nLayer, dropout, tiedHead, position } = config;
    this.sizes = sizesOf(name, config);
    this.blockSize = blockSize;
    this.receptiveField = blockSize;
    this.wte = new Embedding(vocabSize, C, gaussianTable(STD));
    this.wpe = position === 'learned' ? new Embedding(blockSize, C, gaussianTable(STD)) : null;
    this.drop = new Dropout(dropout);
    this.h = Array.from(
      { length: nLayer },
      (_, layer) => new Block(config, this.sizes, layer, vocabSize),
    );
    // Normalised after each sublayer, the last block has had its norm.
    this.lnF = config.normPlace === 'after' ? new Identity() : makeNorm(config);
    this.lmHead = tiedHead
      ? { weight: this.wte.weight }
      : new Linear(C, vocabSize, { bias: false, ...gaussian(STD) });
    this.#rotary = position === 'rotary' ? this.rotaryTable(0, blockSize) : null;
    this.#sinusoids = position === 'sinusoidal' ? sinusoids(blockSize, C).retain() : null;
  }

  /** inputs (B, T) → what the head reads (B, T, C); with a past, of the last position alone: (B, 1, C). */
  hidden(inputs: Tensor, past?: Past): Tensor {
    checkTensor(this.name, inputs);
    const T = inputs.size(-1);
    if (T > this.blockSize) {
      throw new ShapeError(this.name, `expected at most ${this.blockSize} tokens, got ${T}`);
    }
    const x0 = this.drop.forward(this.embedded(inputs, past?.position ?? 0)); // (B, T) → (B, T, C)
    const passage: Passage = {
      ids: inputs,
      table: past ? past.table : this.#rotary,
      offset: past?.offset ?? 0,
      window: this.config.window || this.blockSize,
      last: false,
    };
    let x = x0;
    for (const [i, block] of this.h.entries()) {
      // Nothing reads the others of the last layer.
      const last = past !== undefined && T > 1 && i === this.h.length - 1;
      x = block.forward(x, x0, last ? { ...passage, last } : passage, past?.caches[i]);
    }
    return this.lnF.forward(x);
  }

  /** inputs (B, T) → logits (B, T, V). */
  override forward(inputs: Tensor): Tensor {
    return this.logits(this.hidden(inputs));
  }

  /** inputs (B, T), targets (B, T) → the mean loss in nats; without a softcap the logits never exist whole. */
  loss(inputs: Tensor, targets: Indices, options: LossOptions = {}): Tensor {
    const x = this.hidden(inputs);
    if (this.config.logitSoftcap === 0) {
      return linearCrossEntropy(x, this.lmHead.weight, null, targets, options);
    }
    return crossEntropy(this.logits(x), targets, options);
  }

  /** What the head makes of the last layer: (…, C) → (…, V). */
  logits(x: Tensor): Tensor {
    const logits = linear(x, this.lmHead.weight); // (…, C) → (…, V)
    const { logitSoftcap: cap } = this.config;
    return cap === 0 ? logits : logits.div(cap).tanh().mul(cap);
  }

  /** Rotary positions from `first` on, `length` of them. */
  rotaryTable(first: number, length: number): RotaryTable {
    const { ropeTheta: theta, ropeScaling: scaling, ropeLayout, blockSize: reach } = this.config;
    const options = { dims: this.sizes.rotaryDims, theta, ...(scaling ? { scaling } : {}) };
    return new RotaryTable(options, length, ropeLayout, { first, reach });
  }

  /** Decoding that remembers keys and values, so that a token costs one position of each layer. */
  startDecoding(): CachedDecoding {
    return new CachedDecoding(this);
  }

  /** The tokens' embeddings, and with them where they stand: ids (B, T) → (B, T, C). */
  private embedded(ids: Tensor, position: number): Tensor {
    const T = ids.size(-1);
    const x = this.wte.forward(ids); // (B, T) → (B, T, C)
    if (this.wpe) {
      const positions = new Int32Array(T);
      for (let t = 0; t < T; t++) positions[t] = position + t;
      return x.add(this.wpe.forward(tensor(positions))); // (B, T, C) + (T, C)
    }
    if (!this.#sinusoids) return x;
    // Times √C, so that they are of a size (Vaswani et al. 2017, section 3.4).
    return x.mul(Math.sqrt(this.config.nEmbd)).add(this.#sinusoids.narrow(0, position, T));
  }

  override dispose(): void {
    super.dispose();
    this.#rotary?.dispose();
    this.#sinusoids?.dispose();
  }
}
