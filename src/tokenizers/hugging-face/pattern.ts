/**
 * Searches for the patterns of strangers' files. JavaScript's engine tries alternatives one after the other
 * and may take longer than anybody waits; a search that might runs with a time limit.
 */

import { UserError } from '../../util/errors.js';
import { type Fields, short } from './fields.js';
import { translate } from './oniguruma.js';
import { PatternError } from './oniguruma-reader.js';
import { searchWatched } from './search-watched.js';

/** A search of so many steps takes a few milliseconds at most, and is not watched. */
const FEW_STEPS = 1e6;
/** Patterns in use take some milliseconds for a thousand characters. */
const LIMIT_MS = 5000;

/** Where a pattern was found: beginning, end, beginning, end, … */
export type Places = readonly number[];

export interface Pattern {
  findAll(text: string): Places;
}

/** Reads the field `pattern`: `{ "String": "…" }` or `{ "Regex": "…" }`. */
export function patternOf(fields: Fields): Pattern {
  const { where } = fields;
  const json = fields.take('pattern');
  const [[kind, text] = [], ...more] =
    typeof json === 'object' && json !== null ? Object.entries(json) : [];
  if (more.length > 0 || typeof text !== 'string' || (kind !== 'String' && kind !== 'Regex')) {
    fields.refuse('pattern', '{"String": …} or {"Regex": …}', json);
  }
  return kind === 'String' ? literalPattern(text) : regexPattern(text, `${where}.pattern`);
}

function literalPattern(wanted: string): Pattern {
  return {
    findAll(text) {
      const places: number[] = [];
      if (wanted === '') {
        for (let at = 0; at <= text.length; at++) {
          if (!isInside(text, at)) places.push(at, at);
        }
        return places;
      }
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
        places.push(at, at + wanted.length);
        checkLength(places);
      }
      return places;
    },
  };
}

/** Whether a place lies between the two UTF-16 units of one character. */
function isInside(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit <= 0xdfff; // the text has no lone surrogates
}

/**
 * @param limitMs what a search may take, and again for each million characters.
 * @throws UserError where the pattern is broken or cannot be used here.
 */
export function regexPattern(pattern: string, where: string, limitMs = LIMIT_MS): Pattern {
  let regexp: RegExp;
  let degree: number;
  try {
    const translated = translate(pattern);
    regexp = new RegExp(translated.source, 'gv');
    degree = translated.degree;
  } catch (cause) {
    const why =
      cause instanceof PatternError || cause instanceof RangeError
        ? cause.message
        : 'it is not a valid regular expression';
    throw new UserError(`${where}: cannot use the pattern ${short(pattern)}: ${why}`, { cause });
  }
  return {
    findAll(text) {
      if (text.length ** (degree + 1) <= FEW_STEPS) return search(regexp, text);
      const limit = Math.ceil(limitMs * (1 + text.length / 1e6));
      return searchWatched(search, regexp, text, limit, `${where}: the pattern ${short(pattern)}`);
    },
  };
}

/** Longer arrays end the process, not the program. */
const MOST_ELEMENTS = 2 ** 26;

/** @throws RangeError where a list has become too long to go on. */
export function checkLength(list: readonly unknown[]): void {
  if (list.length > MOST_ELEMENTS) throw new RangeError('too many parts');
}

function search(regexp: RegExp, text: string): number[] {
  const places: number[] = [];
  for (const { index, 0: found } of text.matchAll(regexp)) {
    // As the original's engine does: nothing is not found right behind something.
    if (found === '' && places.at(-1) === index) continue;
    // V8 looks for nothing between the two halves of a character as well.
    if (found === '' && isInside(text, index)) continue;
    places.push(index, index + found.length);
    checkLength(places);
  }
  return places;
}
