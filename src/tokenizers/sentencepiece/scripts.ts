/** Which script a character belongs to, for pieces that must not mix scripts. */

import { SCRIPT_NAMES, SCRIPT_RUNS } from './script-table.js';

/** A character takes the script of what stands before it (a combining mark, say). */
export const INHERITED = SCRIPT_NAMES.indexOf('Inherited');
/** Fits beside any script. */
export const ANY_SCRIPT = -1;

const HAN = SCRIPT_NAMES.indexOf('Han');
const JAPANESE = [SCRIPT_NAMES.indexOf('Hiragana'), SCRIPT_NAMES.indexOf('Katakana')];
const LONG_VOWEL = 0x30fc;

let table: Uint8Array | undefined;

/**
 * Number of the script of a code point, as SentencePiece groups them: Hiragana and Katakana, which one
 * Japanese word may mix with Han, count as Han.
 */
export function scriptOf(point: number): number {
  table ??= readTable();
  const script = table[point]!;
  return JAPANESE.includes(script) || point === LONG_VOWEL ? HAN : script;
}

function readTable(): Uint8Array {
  const scripts = new Uint8Array(0x110000);
  let at = 0;
  for (const run of SCRIPT_RUNS.split(' ')) {
    const [gap, length, script] = run.split(',') as [string, string, string];
    at += Number.parseInt(gap, 36);
    const end = at + (length === '' ? 1 : Number.parseInt(length, 36));
    scripts.fill(Number.parseInt(script, 36), at, end);
    at = end;
  }
  return scripts;
}
