/**
 * GPT-2, as nanoGPT has it: a decoder-only transformer.
 *
 *     x = wte(ids) + wpe(positions)
 *     x = x + attn(ln1(x));  x = x + mlp(ln2(x))      nLayer times
 *     logits = lmHead(lnF(x)), whose weight is that of wte
 *
 * Radford et al. 2019, "Language models are unsupervised multitask learners". The blocks: Vaswani et al.
 * 2017, "Attention is all you need", normalised first as there is no warm-up otherwise (Xiong et al. 2020).
 * The names of parts are nanoGPT's (github.com/karpathy/nanoGPT, model.py) in TypeScript's spelling.
 */
import { z } from 'zod';
import { Dropout, Embedding, init, LayerNorm, Linear, Module } from '../nn/index.js';
import {
  causalSelfAttention,
  gelu,
  type Indices,
  linear,
  linearCrossEntropy,
  type Tensor,
  tensor,
} from '../tensor/index.js';
import { checkTensor } from '../tensor/internal.js';
import { ShapeError, UsageError } from '../util/errors.js';
import { gptPresets } from './gpt-presets.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';

export const gptSchema = z.strictObject({
  blockSize: z.int().min(1).default(64).describe('T: the most tokens it sees at once'),
  nLayer: z.int().min(1).default(4).describe('blocks'),
  nHead: z.int().min(1).default(4).describe('heads of attention in a block'),
  nEmbd: z.int().min(1).default(128).describe('C: width of the residual stream'),
  dropout: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('of embeddings, attention weights and residuals; 0 suits a text seen a few times'),
  bias: z.boolean().default(false).describe("biases in linear layers and norms; GPT-2's has them"),
  gelu: z
    .enum(['exact', 'tanh'])
    .default('exact')
    .describe("GELU exactly, or by the approximation that GPT-2's weights were trained with"),
  tiedHead: z
    .boolean()
    .default(true)
    .describe('logits by the weight of the token embedding (Press & Wolf 2017)'),
});

export type GPTConfig = z.infer<typeof gptSchema>;

/** The standard deviation of all matrices at first (GPT-2). */
const STD = 0.02;

class CausalSelfAttention extends Module {
  readonly cAttn: Linear;
  readonly cProj: Linear;
  readonly residDropout: Dropout;

  constructor(private readonly config: GPTConfig) {
    super();
    const { nEmbd: C, bias, dropout } = config;
    this.cAttn = new Linear(C, 3 * C, { bias, ...gaussian(STD) }); // queries, keys and values at once
    this.cProj = new Linear(C, C, { bias, ...gaussian(residualStd(config)) });
    this.residDropout = new Dropout(dropout);
  }

  override forward(x: Tensor): Tensor {
    const qkv = this.cAttn.forward(x); // (B, T, C) → (B, T, 3·C)
    const { nHead: heads, dropout } = this.config;
    const y = causalSelfAttention(qkv, { heads, dropout: this.training ? dropout : 0 }); // → (B, T, C)
    return this.residDropout.forward(this.cProj.forward(y));
  }
}

class FeedForward extends Module {
  readonly cFc: Linear;
  readonly cProj: Linear;
  readonly dropout: Dropout;

  constructor(private readonly config: GPTConfig) {
    super();
    const { nEmbd: C, bias, dropout } = config;
    this.cFc = new Linear(C, 4 * C, { bias, ...gaussian(STD) });
    this.cProj = new Linear(4 * C, C, { bias, ...gaussian(residualStd(config)) });
    this.dropout = new Dropout(dropout);
  }

  override forward(x: Tensor): Tensor {
    const approximate = this.config.gelu === 'tanh' ? 'tanh' : 'none';
    const h = gelu(this.cFc.forward(x), approximate); // (B, T, C) → (B, T, 4·C)
    return this.dropout.forward(this.cProj.forward(h)); // → (B, T, C)
  }
}

class Block extends Module {
  readonly ln1: LayerNorm;
  readonly attn: CausalSelfAttention;
  readonly ln2: LayerNorm;
  readonly mlp: FeedForward;

  constructor(config: GPTConfig) {
    super();
    const { nEmbd: C, bias } = config;
    this.ln1 = new LayerNorm(C, { bias });
    this.attn = new CausalSelfAttention(config);
    this.ln2 = new LayerNorm(C, { bias });
    this.mlp = new FeedForward(config);
  }

  override forward(x: Tensor): Tensor {
    const y = x.add(this.attn.forward(this.ln1.forward(x)));
    return y.add(this.mlp.forward(this.ln2.forward(y)));
  }
}

export class GPT extends Module implements LanguageModel {
  readonly target = 'all';
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly wte: Embedding;
  readonly wpe: Embedding;
  readonly drop: Dropout;
  readonly h: readonly Block[];
  readonly lnF: LayerNorm;
  /** Logits' weight (V, C); the token embedding's own where the head is tied. */
  readonly lmHead: { readonly weight: Tensor };

  /** @throws UsageError for settings that do not fit; defaults are filled in. */
  constructor(
    settings: GPTConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('GPT', gptSchema, settings, vocabSize);
    const { blockSize, nEmbd: C, nHead, nLayer, dropout, bias, tiedHead } = config;
    if (C % nHead !== 0) {
      throw new UsageError(`gpt: expected nEmbd that nHead divides, got ${C} and ${nHead}.`);
    }
    this.blockSize = blockSize;
    this.receptiveField = blockSize;
    this.wte = new Embedding(vocabSize, C, gaussian(STD));
    this.wpe = new Embedding(blockSize, C, gaussian(STD));
    this.drop = new Dropout(dropout);
    this.h = Array.from({ length: nLayer }, () => new Block(config));
    this.lnF = new LayerNorm(C, { bias });
    this.lmHead = tiedHead
      ? { weight: this.wte.weight }
      : new Linear(C, vocabSize, { bias: false, ...gaussian(STD) });
  }

  /** inputs (B, T) → what the head reads (B, T, C). */
  hidden(inputs: Tensor): Tensor {
    checkTensor('GPT', inputs);
    const T = inputs.size(-1);
    if (T > this.blockSize) {
      throw new ShapeError('gpt', `expected at most ${this.blockSize} tokens, got ${T}`);
    }
    const positions = tensor(Int32Array.from({ length: T }, (_, t) => t));
    let x = this.wte.forward(inputs).add(this.wpe.forward(positions)); // (B, T, C) + (T, C)
    x = this.drop.forward(x);
    for (const block of this.h) x = block.forward(x);
    return this.lnF.forward(x);
  }

  /** inputs (B, T) → logits (B, T, V). */
  override forward(inputs: Tensor): Tensor {
    return linear(this.hidden(inputs), this.lmHead.weight); // (B, T, C) → (B, T, V)
  }

  /** inputs (B, T), targets (B, T) → the mean loss in nats; the logits never exist whole. */
  loss(inputs: Tensor, targets: Indices, options: LossOptions = {}): Tensor {
    return linearCrossEntropy(this.hidden(inputs), this.lmHead.weight, null, targets, options);
  }
}

/** Weights of N(0, std), biases of 0. */
function gaussian(std: number) {
  return {
    init: (weight: Tensor) => init.normal(weight, { std }),
    biasInit: (bias: Tensor) => init.zeros(bias),
  };
}

/** Of what is added to the residual stream, 2 · nLayer times: so that their sum keeps its size (GPT-2, section 2.3). */
function residualStd({ nLayer }: GPTConfig): number {
  return STD / Math.sqrt(2 * nLayer);
}

export const gpt: ModelDefinition<GPTConfig> = {
  name: 'gpt',
  summary: 'GPT-2 as nanoGPT has it: attention over all tokens before',
  source: 'Radford et al. 2019, "Language models are unsupervised multitask learners"; nanoGPT',
  schema: gptSchema,
  defaultPreset: 'char',
  presets: gptPresets,
  create: (config, vocabSize) => new GPT(config, vocabSize),
};
