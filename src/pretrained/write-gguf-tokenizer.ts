/**
 * SentencePiece models in GGUF (`tokenizer.ggml.model` = "llama"): the pieces, their scores and types, as they are.
 */
import { type GgufValue, gguf } from '../formats/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { PieceType } from '../tokenizers/sentencepiece/piece-type.js';
import { byteName } from '../tokenizers/support.js';
import { UserError } from '../util/errors.js';
import { isSentencePiece } from './sentence-piece.js';

/** What the names of all its keys begin with. */
export const TOKENIZER_KEY = 'tokenizer.ggml.';
const BYTES = Array.from({ length: 256 }, (_, byte) => byteName(byte));

/**
 * The keys of a tokenizer, and lines for the user on what llama.cpp does otherwise.
 *
 * No token is put before a text: models here are trained on running text.
 *
 * @throws UserError for tokenizers that llama.cpp cannot be given: it would end the whole process for some.
 */
export function writeGgufTokenizer(tokenizer: Tokenizer): {
  keys: Map<string, GgufValue>;
  notices: string[];
} {
  if (!isSentencePiece(tokenizer) || tokenizer.algorithm !== 'bpe') {
    throw new UserError(
      `GGUF export: expected a SentencePiece tokenizer of type bpe, got ${tokenizer.name} (${tokenizer.kind}). Train one: nanogpt tokenizer train --type bpe --byte-fallback.`,
    );
  }
  const { pieces, normalizerSpec } = tokenizer.model;
  const byteIds = BYTES.filter(
    (name) => pieces[tokenizer.pieceToId(name)]?.type === PieceType.BYTE,
  );
  if (byteIds.length < 256) {
    throw new UserError(
      `GGUF export: ${tokenizer.name} lacks ${256 - byteIds.length} of the 256 byte pieces <0x00> to <0xFF>, which llama.cpp needs for text that it does not know. Train the tokenizer with --byte-fallback.`,
    );
  }
  const { bosId, eosId } = tokenizer;
  if (eosId === undefined) {
    throw new UserError(
      `GGUF export: ${tokenizer.name} has no piece that ends a text, and llama.cpp would take piece 2 for it. Train the tokenizer with one (--eos_id).`,
    );
  }
  const keys = new Map<string, GgufValue>([
    [`${TOKENIZER_KEY}model`, gguf.string('llama')],
    [`${TOKENIZER_KEY}pre`, gguf.string('default')],
    [`${TOKENIZER_KEY}tokens`, gguf.strings(pieces.map(({ piece }) => piece))],
    [`${TOKENIZER_KEY}scores`, gguf.f32s(pieces.map(({ score }) => score))],
    [`${TOKENIZER_KEY}token_type`, gguf.i32s(pieces.map(({ type }) => type))],
    ...(bosId === undefined ? [] : [[`${TOKENIZER_KEY}bos_token_id`, gguf.u32(bosId)] as const]),
    [`${TOKENIZER_KEY}eos_token_id`, gguf.u32(eosId)],
    [
      `${TOKENIZER_KEY}unknown_token_id`,
      gguf.u32(pieces.findIndex(({ type }) => type === PieceType.UNKNOWN)),
    ],
    [`${TOKENIZER_KEY}add_bos_token`, gguf.bool(false)],
    [`${TOKENIZER_KEY}add_eos_token`, gguf.bool(false)],
    [`${TOKENIZER_KEY}add_space_prefix`, gguf.bool(normalizerSpec.addDummyPrefix)],
  ]);
  const changes = [
    ...(normalizerSpec.precompiledCharsmap.length > 0
      ? [`its normalization (${normalizerSpec.name})`]
      : []),
    ...(normalizerSpec.removeExtraWhitespaces ? ['leaving out repeated spaces'] : []),
  ];
  const notices =
    changes.length === 0
      ? []
      : [
          `${tokenizer.name}: llama.cpp does without ${changes.join(' and ')}: such texts get other tokens there.`,
        ];
  return { keys, notices };
}
