/** Which strings may be a piece: length, white space, digits, scripts. */

import { ANY_SCRIPT, INHERITED, scriptOf } from './scripts.js';
import type { TrainerSettings } from './spec.js';

/** Of a character, by its symbol. */
const WHITE_SPACE = 1;
const NEVER = 2;
const DIGIT = 3;
const OTHER = 0;

/**
 * A test of whether the `length` characters from `from` on in a text of character symbols may be one
 * piece.
 *
 * @param points the code point of each character symbol.
 */
export function pieceRules(
  points: readonly number[],
  settings: TrainerSettings,
): (text: Int32Array, from: number, length: number) => boolean {
  const kinds = Uint8Array.from(points, kindOf);
  const scripts = Int16Array.from(points, scriptOf);
  const longest = settings.max_sentencepiece_length;
  const splitScripts = settings.split_by_unicode_script;
  const digitsAlone = settings.split_digits;
  const digitsFitAnywhere = !settings.split_by_number;
  const mayStandAt = whiteSpaceRule(settings);

  return (text, from, length) => {
    if (length > longest) return false;
    let spaces = 0;
    for (let i = 0; i < length; i++) if (kinds[text[from + i]!] === WHITE_SPACE) spaces++;
    let previous = ANY_SCRIPT;
    for (let i = 0; i < length; i++) {
      const character = text[from + i]!;
      const kind = kinds[character]!;
      if (kind === NEVER) return false;
      if (kind === WHITE_SPACE) {
        if (!mayStandAt(i, length, spaces === length)) return false;
        continue;
      }
      let script = scripts[character]!;
      if (script === INHERITED) script = previous;
      if (kind === DIGIT) {
        if (digitsFitAnywhere) script = ANY_SCRIPT;
        if (digitsAlone && length > 1) return false;
      }
      const mixed = script !== ANY_SCRIPT && previous !== ANY_SCRIPT && script !== previous;
      if (splitScripts && mixed) return false;
      previous = script;
    }
    return true;
  };
}

/** Where in a piece white space may stand: at its edge, or, where words are not split, inside it. */
function whiteSpaceRule(
  settings: TrainerSettings,
): (at: number, length: number, onlySpaces: boolean) => boolean {
  const split = settings.split_by_whitespace;
  const allowOnly = settings.allow_whitespace_only_pieces;
  if (settings.treat_whitespace_as_suffix) {
    return (at, length, only) => (allowOnly && only) || !(at < length - 1 && (split || at === 0));
  }
  return (at, length, only) => (allowOnly && only) || !(at > 0 && (split || at === length - 1));
}

function kindOf(point: number): number {
  if (point === 0x2581) return WHITE_SPACE;
  // The mark of the unknown, the boundary, a plain space, and NUL, which ends strings elsewhere.
  if (point === 0x2585 || point === 0x09 || point === 0x20 || point === 0) return NEVER;
  const isDigit = (point >= 0x30 && point <= 0x39) || (point >= 0xff10 && point <= 0xff19);
  return isDigit ? DIGIT : OTHER;
}
