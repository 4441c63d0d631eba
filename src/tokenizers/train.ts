/** Training a tokenizer on a text at hand. */
import { UsageError } from '../util/errors.js';
import type { WorkOptions } from '../util/work.js';
import type { Tokenizer } from './tokenizer.js';

/** What a tokenizer is trained to be. */
export interface TrainTokenizerOptions {
  /**
   * `byte-level`: as GPT-2's, words by GPT-4's pattern, then the most frequent pair of neighbours joined over and over;
   * `sentencepiece`: BPE with the settings of the `shakespeare` tokenizer. Default `byte-level`, which can express any text.
   */
  type?: 'byte-level' | 'sentencepiece';
  /** Tokens in all, the 256 bytes included; fewer where the text has no more pairs. */
  vocabSize: number;
  /** sentencepiece: share of all characters that get a piece; the rarest beyond it are written as bytes. Default 0.999995. */
  characterCoverage?: number;
  /** sentencepiece: how printed tables call it. Default: its type and size. */
  name?: string;
}

/**
 * Trains a tokenizer on `text`, a long one in a thread of its own. Each family is loaded when it is asked for.
 *
 * @throws UsageError for a vocabulary that is too small for the bytes; UserError where it is too large for the text
 *   (sentencepiece) or the text is empty; StoppedError when `work.signal` is aborted.
 */
export async function trainTokenizer(
  text: string,
  options: TrainTokenizerOptions,
  work: WorkOptions = {},
): Promise<Tokenizer> {
  const { type = 'byte-level', vocabSize, characterCoverage } = options;
  if (type === 'byte-level') {
    if (characterCoverage !== undefined) {
      throw new UsageError('trainTokenizer: characterCoverage belongs to type sentencepiece.');
    }
    const { trainByteBpeAside } = await import('./bytes/train-aside.js');
    const { GPT4_SPLIT } = await import('./bytes/split.js');
    const settings = { vocabSize, split: GPT4_SPLIT, specials: [] };
    return trainByteBpeAside(text, settings, work);
  }
  const { SHAKESPEARE } = await import('./sentencepiece/spec.js');
  const { trainAside } = await import('./sentencepiece/train-aside.js');
  const { SentencePieceTokenizer } = await import('./sentencepiece/tokenizer.js');
  const name = options.name ?? `sentencepiece-${vocabSize}`;
  const settings = {
    ...{ ...SHAKESPEARE, vocab_size: vocabSize, model_prefix: name },
    ...(characterCoverage !== undefined && { character_coverage: characterCoverage }),
  };
  const { model } = await trainAside(settings, {}, text, work);
  return new SentencePieceTokenizer(model, name);
}
