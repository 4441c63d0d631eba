/** Tokenizers: one interface, made by name or loaded from a folder. */

export {
  type CreateOptions,
  createTokenizer,
  loadTokenizer,
  TOKENIZER_NAMES,
} from './registry.js';
export type { DecodeStream, EncodeOptions, Tokenizer, TokenizerKind } from './tokenizer.js';
