/**
 * The one interface behind which every tokenizer stands: text in, token ids out, and back.
 *
 * Whatever its family (characters, byte-level BPE, SentencePiece, WordPiece), a tokenizer has ids
 * `0 … vocabSize - 1`, knows how to save itself into a folder and is loaded again from that folder
 * alone (`loadTokenizer` in `registry.ts`), so that a run directory stands alone.
 */

import type { TokenizerFiles } from './support.js';

/** What `encode` may add or recognise. By default text is only text. */
export interface EncodeOptions {
  /** Put the begin-of-text token first. Throws where the tokenizer has none. */
  bos?: boolean | undefined;
  /** Put the end-of-text token last. Throws where the tokenizer has none. */
  eos?: boolean | undefined;
  /**
   * Read the spelling of a special token (`<|endoftext|>`) as that token. By default it is ordinary
   * text: training text and prompts must not be able to inject control tokens by accident.
   */
  special?: boolean | undefined;
  /** Hears now and then which share of the text is done, of tokenizers that can tell. */
  onProgress?: ((share: number) => void) | undefined;
  /**
   * Read only these special tokens' spellings as such, or `'all'` of them, which is what `special` says.
   * Throws for one that the tokenizer does not have.
   */
  allowedSpecial?: 'all' | Iterable<string> | undefined;
  /**
   * Throw where the text has the spelling of one of these, or with `'all'` of any that is not allowed.
   * Default: none, where tiktoken has `'all'`: a text to train on may well speak of `<|endoftext|>`.
   */
  disallowedSpecial?: 'all' | Iterable<string> | undefined;
}

/** Decodes one id at a time, and never hands out half a character. */
export interface DecodeStream {
  /** Adds one id; returns the text that is certain by now, possibly empty. */
  push(id: number): string;
  /** The remaining text: bytes that never became a character come out as U+FFFD. */
  end(): string;
}

/** The families, as the saved manifest names them: ours, and what `registerTokenizer` adds. */
export type TokenizerKind =
  | 'char'
  | 'tiktoken'
  | 'sentencepiece'
  | 'byte-bpe'
  | 'huggingface'
  | (string & {});

/** One joining of two neighbours on the way from characters (or bytes) to tokens. */
export interface MergeStep {
  left: string;
  right: string;
  /** When this pair was learnt: 0 is the first of all. */
  rank: number;
}

export interface Tokenizer {
  readonly kind: TokenizerKind;
  /** How `--tokenizer` and printed tables call it: `char`, `p50k_base`, … */
  readonly name: string;
  /** Number of ids, special tokens included. A model's output layer has this many rows. */
  readonly vocabSize: number;
  /** Id of the token that begins a text, where the tokenizer has one. */
  readonly bosId: number | undefined;
  /** Id of the token that ends a text, where the tokenizer has one. */
  readonly eosId: number | undefined;
  /**
   * A stable hash (hex) of everything that decides which ids a text gets. Two tokenizers with the
   * same fingerprint encode alike, so cached ids may be filed under it.
   */
  readonly fingerprint: string;
  /**
   * Token ids of `text`. A lone surrogate, which no UTF-8 can hold, is read as U+FFFD.
   *
   * @throws UserError when the text holds something that the vocabulary cannot express.
   */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /** Text of `ids`. @throws UserError for an id outside `0 … vocabSize - 1`. */
  decode(ids: ArrayLike<number>): string;
  /** A decoder for ids that arrive one at a time; its pieces joined equal `decode` of them all. */
  decodeStream(): DecodeStream;
  /**
   * One token as a reader should see it: its text as it stands in the middle of a sentence, or, for
   * bytes that are not a whole character, each as `<0xE2>`.
   */
  tokenToString(id: number): string;
  /** The merges by which a word becomes tokens, in order; only tokenizers that merge have them. */
  mergeSteps?(word: string): MergeStep[];
  /** Writes what `loadTokenizer(dir)` needs. Creates the folder; replaces files whole or not at all. */
  save(dir: string): void;
  /** The files that `save` writes, by name: for where there are no folders. All of this program's own have it. */
  toFiles?(): TokenizerFiles;
}
