/**
 * The bigram: the next token from the last one alone. Counted, it is the best that one token of
 * context can do, and the yardstick of every other model; learned by descent, it is the smallest model
 * with a gradient. With no context at all it is the unigram.
 *
 * Shannon, "A Mathematical Theory of Communication" (1948), section 3. Add-one smoothing: Laplace's
 * rule of succession.
 */
import { Module, parameter } from '../nn/index.js';
import { crossEntropy, embedding, randn, scope, type Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { CountedBigram } from './bigram-counted.js';
import { bigramPresets } from './bigram-presets.js';
import { type BigramConfig, bigramSchema } from './bigram-settings.js';
import {
  checkedConfig,
  type LanguageModel,
  type LossOptions,
  type ModelDefinition,
} from './model.js';

/** The most tokens whose table of logits is learned: V² numbers and as many gradients. */
const MAX_LEARNED_VOCAB = 8192;

/** A table (V, V) whose row i holds the logits of what follows token i. */
export class LearnedBigram extends Module implements LanguageModel {
  readonly target = 'all';
  readonly receptiveField = 1;
  readonly blockSize: number;
  readonly table: Tensor;

  constructor(
    settings: BigramConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('LearnedBigram', bigramSchema, settings, vocabSize);
    if (vocabSize > MAX_LEARNED_VOCAB) {
      throw new UserError(
        `bigram: expected at most ${MAX_LEARNED_VOCAB} tokens for a learned table of V² logits, got ${vocabSize}; use kind=counted, or a smaller tokenizer`,
      );
    }
    this.blockSize = config.blockSize;
    this.table = scope(() => parameter(randn([vocabSize, vocabSize], { std: config.initStd })));
  }

  /** inputs (B, T) → logits (B, T, V). */
  forward(inputs: Tensor): Tensor {
    return embedding(this.table, inputs);
  }

  /** inputs (B, T), targets (B, T) → the mean loss in nats. */
  loss(inputs: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
    return crossEntropy(this.forward(inputs), targets, options);
  }
}

export const bigram: ModelDefinition<BigramConfig> = {
  name: 'bigram',
  summary: 'the next token from the last one: counted, or a learned table',
  source: 'Shannon 1948, "A Mathematical Theory of Communication"',
  schema: bigramSchema,
  defaultPreset: 'counted',
  presets: bigramPresets,
  create: (config, vocabSize) =>
    config.kind === 'counted'
      ? new CountedBigram(config, vocabSize)
      : new LearnedBigram(config, vocabSize),
};
