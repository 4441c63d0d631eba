/** How well a model predicts a split. */

import { type BatchPass, checkExamples, type ExampleSource, passOf } from '../data/examples.js';
import type { SplitName } from '../data/split.js';
import { ALONE, plus, type Ranks } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import { checkLanguageModel } from '../models/model.js';
import { noGrad, Scope, tensor } from '../tensor/index.js';
import { checkIterable } from '../util/check.js';
import { UserError } from '../util/errors.js';
import { utf8Length } from '../util/utf8-length.js';

/** Positions that are evaluated at once: enough to keep all cores busy, little memory. */
export const TOKENS_AT_ONCE = 4096;

/** What `evaluate` finds. */
export interface EvaluationResult {
  split: SplitName;
  /** Tokens that were predicted. */
  tokens: number;
  /** Mean cross-entropy, in nats per token. */
  loss: number;
  /** e^loss: among how many equally likely tokens the model hesitates, as it were. */
  perplexity: number;
  /**
   * Bits for each byte of the raw text that the predicted tokens stand for: comparable between
   * tokenizers, where the loss per token is not.
   */
  bitsPerByte: number;
}

/**
 * Mean loss in nats over the batches of a pass, weighted by their tokens: no gradients, evaluation mode
 * (the mode before is put back), no label smoothing. Ranks take turns at the batches; the result is the same on any number.
 */
export function meanLoss(
  model: LanguageModel,
  pass: Iterable<EvaluationBatch>,
  ranks: Ranks = ALONE,
): number {
  checkLanguageModel('meanLoss', model);
  checkIterable('meanLoss', 'batches, such as a pass over a split', pass);
  const wasTraining = model.training;
  model.eval();
  try {
    const losses: number[] = [];
    let tokens = 0;
    for (const { rows, blockSize, inputs, targets } of pass) {
      tokens += targets.length;
      losses.push(0);
      if ((losses.length - 1) % ranks.size !== ranks.rank) continue;
      using _batch = new Scope();
      const x = tensor(inputs, { shape: [rows, blockSize] }); // (B, T)
      const shape = model.target === 'all' ? [rows, blockSize] : [rows];
      const y = tensor(targets, { shape }); // (B, T) or (B)
      losses[losses.length - 1] = noGrad(() => model.loss(x, y)).itemSync() * targets.length;
    }
    const all = Float64Array.from(losses);
    ranks.reduce(all, plus);
    return all.reduce((sum, loss) => sum + loss, 0) / tokens;
  } finally {
    model.train(wasTraining);
  }
}

interface EvaluationBatch {
  readonly rows: number;
  readonly blockSize: number;
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

/**
 * A pass over a whole split that predicts every token once, in batches of a size that suits the machine.
 *
 * @throws UserError when the split is shorter than a block and the token after it.
 */
export function wholePass(model: LanguageModel, data: ExampleSource, name: string): BatchPass {
  checkLanguageModel('wholePass', model);
  const { blockSize, target } = model;
  const batchSize = Math.max(1, Math.floor(TOKENS_AT_ONCE / blockSize));
  return passOf(data, { batchSize, blockSize, target, name });
}

/** A split, and how to tell the length of its tokens in bytes. */
export interface EvaluationInput extends ExampleSource {
  name: SplitName;
  /** UTF-8 bytes of the raw text that the ids stand for. */
  bytes: number;
  tokenizer: { decode(ids: ArrayLike<number>): string };
}

/**
 * Loss, perplexity and bits per byte over a whole split.
 *
 * The first tokens of a text are context only (one, or with a `next` model a block of them), so
 * their bytes are left out of the count.
 *
 * @param given another pass over the same tokens, for a model to which it matters what is in a batch.
 * @param ranks those that share the work.
 * @throws UserError when the split is empty or too short.
 */
export function evaluate(
  model: LanguageModel,
  input: EvaluationInput,
  given?: Iterable<EvaluationBatch> & { readonly tokens: number },
  ranks: Ranks = ALONE,
): EvaluationResult {
  checkLanguageModel('evaluate', model);
  checkExamples('evaluate', input);
  const { name, ids, bytes, tokenizer } = input;
  if (ids.length === 0) throw new UserError(`the run's split has no ${name} part to evaluate.`);
  const pass = given ?? wholePass(model, input, name);
  const loss = meanLoss(model, pass, ranks);
  const unpredicted = ids.subarray(0, ids.length - pass.tokens);
  const covered = bytes - utf8Length(tokenizer.decode(unpredicted));
  return {
    split: name,
    tokens: pass.tokens,
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: (loss * pass.tokens) / Math.LN2 / Math.max(1, covered),
  };
}
