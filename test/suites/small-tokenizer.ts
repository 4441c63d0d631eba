/** A SentencePiece tokenizer of 300 pieces, bytes among them, as llama.cpp can take it. */
import { SentencePieceTokenizer } from '../../src/tokenizers/sentencepiece/tokenizer.js';
import { train } from '../../src/tokenizers/sentencepiece/train.js';
import { TEXT } from './fixtures.js';

/** @param more settings that differ; `after`, lines that are trained on besides `TEXT`. */
export async function smallTokenizer(
  more: object = {},
  after = '',
): Promise<SentencePieceTokenizer> {
  const settings = {
    model_type: 'bpe',
    vocab_size: 300,
    byte_fallback: true,
    normalization_rule_name: 'identity',
    remove_extra_whitespaces: false,
  } as const;
  const text = `${TEXT.replaceAll('; ', ';\n')}${after}`;
  return new SentencePieceTokenizer(
    (await train({ ...settings, ...more }, {}, text)).model,
    'small',
  );
}
