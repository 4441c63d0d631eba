/**
 * Trains a SentencePiece model of type BPE: settings in, `.model` and `.vocab` out, both equal to what
 * the original writes for the same settings.
 */

import { UsageError, UserError } from '../../util/errors.js';
import { byteName } from '../support.js';
import { trainPieces } from './bpe-trainer.js';
import { linesOfFiles, linesOfText, loadCorpus } from './corpus.js';
import { createNormalizer, type NormalizationRules } from './normalizer.js';
import { PieceType, writeModel } from './schema.js';
import { completeSettings, type Recorded, type TrainerSettings } from './spec.js';
import { trainerSpecOf } from './trainer-spec.js';

export interface TrainedModel {
  settings: TrainerSettings;
  /** How many pieces it has: at most `vocab_size`. */
  size: number;
  /** Content of the `.model` file. */
  model: Uint8Array;
  /** Content of the `.vocab` file: a line per piece, with its score after a tab. */
  vocab: string;
  /**
   * How often two pairs that spell the same piece were equally frequent, and the best. Where it is 0 the
   * vocabulary is the original's; else it nearly always is.
   */
  ties: number;
}

/**
 * Trains and writes nothing.
 *
 * @param text trained on in place of the files that `input` names; `input` is then only recorded.
 */
export async function train(
  given: Partial<TrainerSettings>,
  recorded: Recorded = {},
  text?: string,
  report: (share: number) => void = () => {},
): Promise<TrainedModel> {
  const settings = completeSettings(given);
  if (settings.input.length === 0 && text === undefined) {
    throw new UsageError('input is needed: at least one text file');
  }
  const specials = specialPieces(settings);
  const rules = await rulesOf(settings);
  const normalizer = createNormalizer({
    rules,
    addDummyPrefix: settings.add_dummy_prefix,
    removeExtraWhitespaces: settings.remove_extra_whitespaces,
    escapeWhitespaces: true,
    whitespaceAsSuffix: settings.treat_whitespace_as_suffix,
  });
  const names = [...specials.values()].map(({ piece }) => piece);
  const source = text === undefined ? linesOfFiles(settings.input) : linesOfText(text);
  const corpus = loadCorpus(source, settings, (line) => normalizer.normalize(line), names);
  const needed = corpus.alphabet.length + specials.size;
  if (needed > settings.vocab_size) {
    throw new UserError(
      `Vocabulary size is smaller than required_chars. ${settings.vocab_size} vs ${needed}. ` +
        'Increase vocab_size or decrease character_coverage with --character_coverage option.',
    );
  }
  const wanted = settings.vocab_size - needed;
  const { pieces: spelt, ties } = trainPieces(corpus, wanted, settings, report);
  const learnt = spelt.map((bytes) => Buffer.from(bytes, 'latin1').toString('utf8'));
  for (const { point } of corpus.alphabet) learnt.push(String.fromCodePoint(point));
  const pieces = numberPieces(learnt, specials, settings);
  const trainerSpec = trainerSpecOf(settings, recorded, pieces.length);
  const model = writeModel({
    pieces: pieces.map((p) =>
      p.type === PieceType.NORMAL ? { piece: p.piece, score: p.score } : p,
    ),
    trainerSpec,
    normalizerSpec: {
      name: settings.normalization_rule_name,
      precompiledCharsmap: rules?.blob ?? new Uint8Array(0),
      addDummyPrefix: settings.add_dummy_prefix,
      removeExtraWhitespaces: settings.remove_extra_whitespaces,
      normalizationRuleTsv: '',
    },
  });
  return { settings, size: pieces.length, model, vocab: vocabText(pieces, settings), ties };
}

async function rulesOf(settings: TrainerSettings): Promise<NormalizationRules | undefined> {
  const name = settings.normalization_rule_name;
  if (name === 'identity') return undefined;
  if (name === 'nmt_nfkc') return (await import('./precompiled.js')).nmtNfkcRules();
  throw new UsageError(
    `normalization_rule_name: expected identity or nmt_nfkc, got "${name}"; other rules are not supported`,
  );
}

interface NumberedPiece {
  piece: string;
  score: number;
  type: number;
}

type Specials = Map<number, { piece: string; type: number }>;

/** The pieces that are not learnt, by id: unknown, begin, end, padding, control, user's own, bytes. */
function specialPieces(settings: TrainerSettings): Specials {
  const specials: Specials = new Map();
  const named = [
    [settings.unk_id, settings.unk_piece, 'unk'],
    [settings.bos_id, settings.bos_piece, 'bos'],
    [settings.eos_id, settings.eos_piece, 'eos'],
    [settings.pad_id, settings.pad_piece, 'pad'],
  ] as const;
  for (const [id, piece, which] of named) {
    if (id < 0) {
      if (which === 'unk') throw new UsageError(`${piece} must be defined: unk_id is ${id}`);
      continue;
    }
    const taken = specials.get(id)?.piece;
    if (taken !== undefined) throw new UsageError(`${which}_id ${id} is already that of ${taken}`);
    if (id >= settings.vocab_size) {
      throw new UsageError(`${which}_id ${id} is not below vocab_size ${settings.vocab_size}`);
    }
    if (which !== 'unk' && piece === settings.unk_piece) {
      throw new UsageError(`${which}_piece must not be that of the unknown, ${piece}`);
    }
    specials.set(id, { piece, type: which === 'unk' ? PieceType.UNKNOWN : PieceType.CONTROL });
  }
  const seen = new Set<string>();
  let next = 0;
  const add = (piece: string, type: number): void => {
    if (piece === '') throw new UsageError('a control or user-defined symbol must not be empty');
    if (seen.has(piece)) throw new UsageError(`${piece} is already defined.`);
    seen.add(piece);
    if (piece === settings.unk_piece) {
      throw new UsageError(
        `${piece} must not be defined with --control_symbols and --user_defined_symbols.`,
      );
    }
    const own = named.find(([id, name, which]) => which !== 'unk' && id >= 0 && name === piece);
    if (own) {
      specials.set(own[0], { piece, type });
      return;
    }
    while (specials.has(next)) next++;
    specials.set(next, { piece, type });
  };
  for (const piece of settings.control_symbols) add(piece, PieceType.CONTROL);
  for (const piece of settings.user_defined_symbols) add(piece, PieceType.USER_DEFINED);
  if (settings.byte_fallback) for (let i = 0; i < 256; i++) add(byteName(i), PieceType.BYTE);
  return specials;
}

/** All pieces in id order: special ones at their ids, the learnt ones in between. */
function numberPieces(
  learnt: string[],
  specials: Specials,
  settings: TrainerSettings,
): NumberedPiece[] {
  const pieces: NumberedPiece[] = [];
  const seen = new Set<string>();
  const add = (piece: string, score: number, type: number): void => {
    if (seen.has(piece)) throw new UserError(`${piece} is already defined`);
    seen.add(piece);
    pieces.push({ piece, score, type });
  };
  let next = 0;
  for (let id = 0; id < settings.vocab_size; id++) {
    const special = specials.get(id);
    if (special) {
      if (pieces.length !== id) {
        throw new UserError(
          `the piece ${special.piece} has id ${id}, but there are only ${pieces.length} pieces before it`,
        );
      }
      add(special.piece, 0, special.type);
    } else if (next < learnt.length) {
      add(learnt[next]!, -next, PieceType.NORMAL);
      next++;
    }
  }
  if (settings.hard_vocab_limit && pieces.length !== settings.vocab_size) {
    throw new UserError(
      `Vocabulary size too high (${settings.vocab_size}). Please set it to a value <= ${pieces.length}.`,
    );
  }
  return pieces;
}

function vocabText(pieces: NumberedPiece[], settings: TrainerSettings): string {
  const lines = pieces.map(({ piece, score }) =>
    settings.vocabulary_output_piece_score ? `${piece}\t${printScore(score)}` : piece,
  );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** A number as C++ streams print it: six significant digits, and `-0` for the first learnt piece. */
function printScore(score: number): string {
  if (Object.is(score, -0)) return '-0';
  if (Number.isInteger(score) && Math.abs(score) < 1e6) return String(score);
  return String(Number(score.toPrecision(6))).replace(/e([+-])(\d)$/, 'e$10$2');
}
