/** The record of a training that goes into the model file, field by field as the original writes it. */

import { UsageError } from '../../util/errors.js';
import { ModelType } from './piece-type.js';
import { RECORDED, type Recorded, splitCsv, type TrainerSettings } from './spec.js';

/** @param pieces how many pieces there are in the end (with a soft limit fewer than asked for). */
export function trainerSpecOf(
  settings: TrainerSettings,
  recorded: Recorded,
  pieces: number,
): Record<string, unknown> {
  const other = (name: string): string => recorded[name] ?? RECORDED[name]!;
  const number = (name: string): number => {
    const value = Number(other(name));
    if (Number.isFinite(value)) return value;
    throw new UsageError(`--${name}: expected a number, got "${other(name)}"`);
  };
  const isTrue = (name: string): boolean => /^(1|t|true|y|yes)$/i.test(other(name));
  if (number('self_test_sample_size') !== 0) {
    throw new UsageError('--self_test_sample_size: only 0 is supported (its samples are random)');
  }
  if (isTrue('use_all_vocab')) {
    throw new UsageError('--use_all_vocab=true is valid for WORD/CHAR model.');
  }
  return {
    input: settings.input,
    modelPrefix: settings.model_prefix,
    modelType: ModelType.BPE,
    vocabSize: settings.hard_vocab_limit ? settings.vocab_size : pieces,
    acceptLanguage: splitCsv(other('accept_language')),
    selfTestSampleSize: 0,
    inputFormat: settings.input_format,
    characterCoverage: settings.character_coverage,
    inputSentenceSize: settings.input_sentence_size,
    seedSentencepieceSize: number('seed_sentencepiece_size'),
    shrinkingFactor: number('shrinking_factor'),
    numThreads: number('num_threads'),
    numSubIterations: number('num_sub_iterations'),
    maxSentenceLength: settings.max_sentence_length,
    shuffleInputSentence: settings.shuffle_input_sentence,
    maxSentencepieceLength: settings.max_sentencepiece_length,
    splitByUnicodeScript: settings.split_by_unicode_script,
    splitByWhitespace: settings.split_by_whitespace,
    splitByNumber: settings.split_by_number,
    treatWhitespaceAsSuffix: settings.treat_whitespace_as_suffix,
    splitDigits: settings.split_digits,
    allowWhitespaceOnlyPieces: settings.allow_whitespace_only_pieces,
    controlSymbols: settings.control_symbols,
    userDefinedSymbols: settings.user_defined_symbols,
    vocabularyOutputPieceScore: settings.vocabulary_output_piece_score,
    hardVocabLimit: settings.hard_vocab_limit,
    useAllVocab: false,
    byteFallback: settings.byte_fallback,
    requiredChars: settings.required_chars,
    unkId: settings.unk_id,
    bosId: settings.bos_id,
    eosId: settings.eos_id,
    padId: settings.pad_id,
    unkSurface: settings.unk_surface,
    unkPiece: settings.unk_piece,
    bosPiece: settings.bos_piece,
    eosPiece: settings.eos_piece,
    padPiece: settings.pad_piece,
    trainExtremelyLargeCorpus: isTrue('train_extremely_large_corpus'),
    enableDifferentialPrivacy: false,
    differentialPrivacyNoiseLevel: 0,
    differentialPrivacyClippingThreshold: 0,
  };
}
