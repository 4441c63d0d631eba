import type { Tokenizer } from '../tokenizers/index.js';
import type { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';

/** Whether it is ours. Its class is not asked: that would load it where no model has such a tokenizer. */
export function isSentencePiece(
  tokenizer: Tokenizer | undefined,
): tokenizer is SentencePieceTokenizer {
  return tokenizer?.kind === 'sentencepiece' && 'model' in tokenizer;
}
