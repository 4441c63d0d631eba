/** From learnt pieces to a model: ids, scores, and the two files as the original writes them. */
import { UserError } from '../../util/errors.js';
import type { Learnt } from './bpe-trainer.js';
import { rulesOf } from './normalization-rules.js';
import { PieceType } from './piece-type.js';
import { writeModel } from './schema.js';
import { completeSettings, type Recorded, type TrainerSettings } from './spec.js';
import { type Specials, specialPieces } from './special-pieces.js';
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

/** @throws UserError, with the original's words, where there are fewer pieces than asked for. */
export async function assemble(
  given: Partial<TrainerSettings>,
  recorded: Recorded,
  learnt: Learnt,
): Promise<TrainedModel> {
  const settings = completeSettings(given);
  const rules = await rulesOf(settings);
  const pieces = numberPieces(learnt.pieces, specialPieces(settings), settings);
  const model = writeModel({
    pieces: pieces.map((p) =>
      p.type === PieceType.NORMAL ? { piece: p.piece, score: p.score } : p,
    ),
    trainerSpec: trainerSpecOf(settings, recorded, pieces.length),
    normalizerSpec: {
      name: settings.normalization_rule_name,
      precompiledCharsmap: rules?.blob ?? new Uint8Array(0),
      addDummyPrefix: settings.add_dummy_prefix,
      removeExtraWhitespaces: settings.remove_extra_whitespaces,
      normalizationRuleTsv: '',
    },
  });
  const vocab = vocabText(pieces, settings);
  return { settings, size: pieces.length, model, vocab, ties: learnt.ties };
}

interface NumberedPiece {
  piece: string;
  score: number;
  type: number;
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
