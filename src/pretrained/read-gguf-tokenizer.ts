/** The tokenizer of a GGUF file, where it is a SentencePiece model. */
import type { GgufValue } from '../formats/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { ModelType, PieceType } from '../tokenizers/sentencepiece/piece-type.js';
import { writeModel } from '../tokenizers/sentencepiece/schema.js';
import { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';
import { UserError } from '../util/errors.js';
import { TOKENIZER_KEY as KEY } from './write-gguf-tokenizer.js';

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
