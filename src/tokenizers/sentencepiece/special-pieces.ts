/** The pieces of a model that are not learnt. */
import { UsageError } from '../../util/errors.js';
import { byteName } from '../support.js';
import { PieceType } from './piece-type.js';
import type { TrainerSettings } from './spec.js';

/** Pieces by id. */
export type Specials = Map<number, { piece: string; type: number }>;

/** Unknown, begin, end, padding, control, the user's own, bytes. @throws UsageError where two clash. */
export function specialPieces(settings: TrainerSettings): Specials {
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
