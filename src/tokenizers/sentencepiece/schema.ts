/**
 * SentencePiece's model file: a protocol buffer, read and written by this schema.
 *
 * Field numbers, types and names are the format's own (`sentencepiece_model.proto`, version 0.1.97).
 */

import { UserError } from '../../util/errors.js';
import { type Field, type Message, MessageType, type ScalarType } from '../../util/protobuf.js';
import { ModelType, PieceType } from './piece-type.js';

export interface Piece {
  piece: string;
  score: number;
  type: number;
}

export interface TrainerSpec {
  input: string[];
  modelType: number;
  vocabSize: number;
  byteFallback: boolean;
  treatWhitespaceAsSuffix: boolean;
  unkSurface: string;
  unkPiece: string;
  bosPiece: string;
  eosPiece: string;
  padPiece: string;
  [field: string]: unknown;
}

export interface NormalizerSpec {
  name: string;
  precompiledCharsmap: Uint8Array;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  escapeWhitespaces: boolean;
  normalizationRuleTsv: string;
}

/** A model as read: every field has its value or its default. */
export interface Model {
  pieces: Piece[];
  trainerSpec: TrainerSpec;
  normalizerSpec: NormalizerSpec;
  denormalizerSpec?: NormalizerSpec;
}

type FieldRow = [
  name: string,
  id: number,
  type: `${'' | 'repeated '}${ScalarType}`,
  fallback?: unknown,
];

function message(rows: FieldRow[]): MessageType {
  const fields = rows.map(([name, id, type, fallback]): [string, Field] => {
    const [last, first] = type.split(' ').reverse() as [ScalarType, 'repeated'?];
    return [name, { id, type: last, ...(first && { repeated: 'each' }), fallback }];
  });
  return new MessageType(Object.fromEntries(fields));
}

const TRAINER_SPEC = message([
  ['input', 1, 'repeated string'],
  ['modelPrefix', 2, 'string'],
  ['modelType', 3, 'int32', ModelType.UNIGRAM],
  ['vocabSize', 4, 'int32', 8000],
  ['acceptLanguage', 5, 'repeated string'],
  ['selfTestSampleSize', 6, 'int32', 0],
  ['inputFormat', 7, 'string'],
  ['characterCoverage', 10, 'float', 0.9995],
  ['inputSentenceSize', 11, 'uint64', 0],
  ['seedSentencepieceSize', 14, 'int32', 1000000],
  ['shrinkingFactor', 15, 'float', 0.75],
  ['numThreads', 16, 'int32', 16],
  ['numSubIterations', 17, 'int32', 2],
  ['maxSentenceLength', 18, 'int32', 4192],
  ['shuffleInputSentence', 19, 'bool', true],
  ['maxSentencepieceLength', 20, 'int32', 16],
  ['splitByUnicodeScript', 21, 'bool', true],
  ['splitByWhitespace', 22, 'bool', true],
  ['splitByNumber', 23, 'bool', true],
  ['treatWhitespaceAsSuffix', 24, 'bool', false],
  ['splitDigits', 25, 'bool', false],
  ['allowWhitespaceOnlyPieces', 26, 'bool', false],
  ['controlSymbols', 30, 'repeated string'],
  ['userDefinedSymbols', 31, 'repeated string'],
  ['vocabularyOutputPieceScore', 32, 'bool', true],
  ['hardVocabLimit', 33, 'bool', true],
  ['useAllVocab', 34, 'bool', false],
  ['byteFallback', 35, 'bool', false],
  ['requiredChars', 36, 'string'],
  ['unkId', 40, 'int32', 0],
  ['bosId', 41, 'int32', 1],
  ['eosId', 42, 'int32', 2],
  ['padId', 43, 'int32', -1],
  ['unkSurface', 44, 'string', ' \u2047 '],
  ['unkPiece', 45, 'string', '<unk>'],
  ['bosPiece', 46, 'string', '<s>'],
  ['eosPiece', 47, 'string', '</s>'],
  ['padPiece', 48, 'string', '<pad>'],
  ['trainExtremelyLargeCorpus', 49, 'bool', false],
  ['enableDifferentialPrivacy', 50, 'bool', false],
  ['differentialPrivacyNoiseLevel', 51, 'float', 0],
  ['differentialPrivacyClippingThreshold', 52, 'uint64', 0],
]);

const NORMALIZER_SPEC = message([
  ['name', 1, 'string'],
  ['precompiledCharsmap', 2, 'bytes'],
  ['addDummyPrefix', 3, 'bool', true],
  ['removeExtraWhitespaces', 4, 'bool', true],
  ['escapeWhitespaces', 5, 'bool', true],
  ['normalizationRuleTsv', 6, 'string'],
]);

const PIECE = message([
  ['piece', 1, 'string'],
  ['score', 2, 'float'],
  ['type', 3, 'int32', PieceType.NORMAL],
]);

const MODEL = new MessageType({
  pieces: { id: 1, type: PIECE, repeated: 'each' },
  trainerSpec: { id: 2, type: TRAINER_SPEC },
  normalizerSpec: { id: 3, type: NORMALIZER_SPEC },
  denormalizerSpec: { id: 5, type: NORMALIZER_SPEC },
});

/**
 * Reads a model file's bytes. Fields that this program does not know are passed over.
 *
 * @throws UserError where the bytes are no such protocol buffer.
 */
export function readModel(bytes: Uint8Array, name: string): Model {
  let model: Message;
  try {
    model = MODEL.decode(bytes);
  } catch (cause) {
    throw new UserError(
      `${name} is not a SentencePiece model, or is cut short: ${(cause as Error).message}`,
      { cause },
    );
  }
  model['trainerSpec'] ??= TRAINER_SPEC.empty();
  model['normalizerSpec'] ??= NORMALIZER_SPEC.empty();
  return model as unknown as Model;
}

/** What to write: only fields that are given are written, as the original does. */
export interface WrittenModel {
  pieces: { piece: string; score: number; type?: number }[];
  trainerSpec: Record<string, unknown>;
  normalizerSpec: Record<string, unknown>;
}

export function writeModel(model: WrittenModel): Uint8Array {
  return MODEL.encode({ ...model });
}
