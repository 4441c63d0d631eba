/**
 * SentencePiece models in GGUF (`tokenizer.ggml.model` = "llama"): the pieces, their scores and types, as they are.
 */
import { type GgufValue, gguf } from '../formats/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { ModelType, PieceType } from '../tokenizers/sentencepiece/piece-type.js';
import { writeModel } from '../tokenizers/sentencepiece/schema.js';
import { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';
import { byteName } from '../tokenizers/support.js';
import { UserError } from '../util/errors.js';

const KEY = 'tokenizer.ggml.';
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
  if (!(tokenizer instanceof SentencePieceTokenizer) || tokenizer.algorithm !== 'bpe') {
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
    [`${KEY}model`, gguf.string('llama')],
    [`${KEY}pre`, gguf.string('default')],
    [`${KEY}tokens`, gguf.strings(pieces.map(({ piece }) => piece))],
    [`${KEY}scores`, gguf.f32s(pieces.map(({ score }) => score))],
    [`${KEY}token_type`, gguf.i32s(pieces.map(({ type }) => type))],
    ...(bosId === undefined ? [] : [[`${KEY}bos_token_id`, gguf.u32(bosId)] as const]),
    [`${KEY}eos_token_id`, gguf.u32(eosId)],
    [
      `${KEY}unknown_token_id`,
      gguf.u32(pieces.findIndex(({ type }) => type === PieceType.UNKNOWN)),
    ],
    [`${KEY}add_bos_token`, gguf.bool(false)],
    [`${KEY}add_eos_token`, gguf.bool(false)],
    [`${KEY}add_space_prefix`, gguf.bool(normalizerSpec.addDummyPrefix)],
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

/**
 * A file's tokenizer; undefined where it has none, or one of another kind, which a notice then says.
 *
 * @throws UserError where it is broken.
 */
export function readGgufTokenizer(
  file: string,
  metadata: ReadonlyMap<string, GgufValue>,
): { tokenizer: Tokenizer | undefined; notices: string[] } {
  const scalar = (key: string): unknown => {
    const found = metadata.get(KEY + key);
    return found && found.type !== 'array' ? found.value : undefined;
  };
  const list = (key: string): ArrayLike<unknown> => {
    const found = metadata.get(KEY + key);
    return found?.type === 'array' ? found.values : [];
  };
  const kind = scalar('model');
  if (kind === undefined) return { tokenizer: undefined, notices: [] };
  if (kind !== 'llama') {
    const notice = `${file}: its tokenizer is of the kind "${String(kind).slice(0, 40)}", which is not read from GGUF: give one of your own.`;
    return { tokenizer: undefined, notices: [notice] };
  }
  const [tokens, scores, types] = [list('tokens'), list('scores'), list('token_type')];
  if (scores.length !== tokens.length || types.length !== tokens.length) {
    throw new UserError(
      `${file}: its tokenizer has ${tokens.length} tokens, ${scores.length} scores and ${types.length} types; expected as many of each.`,
    );
  }
  const pieces = Array.from({ length: tokens.length }, (_, id) => ({
    piece: String(tokens[id]),
    score: Number(scores[id]),
    type: Number(types[id]),
  }));
  const pieceOf = (key: string, fallback: number): string | undefined =>
    pieces[Number(scalar(key) ?? fallback)]?.piece;
  const bytes = writeModel({
    pieces,
    trainerSpec: {
      modelType: ModelType.BPE,
      vocabSize: pieces.length,
      byteFallback: pieces.some(({ type }) => type === PieceType.BYTE),
      ...{ unkPiece: pieceOf('unknown_token_id', 0), bosPiece: pieceOf('bos_token_id', 1) },
      eosPiece: pieceOf('eos_token_id', 2),
    },
    normalizerSpec: {
      name: 'identity',
      addDummyPrefix: scalar('add_space_prefix') !== false,
      removeExtraWhitespaces: false,
      escapeWhitespaces: true,
    },
  });
  return { tokenizer: new SentencePieceTokenizer(bytes, file), notices: [] };
}
