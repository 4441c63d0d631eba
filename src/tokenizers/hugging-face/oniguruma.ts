/**
 * Regular expressions of a `tokenizer.json`, which are Oniguruma's (Ruby's syntax), as JavaScript's.
 *
 * Written out where the two differ: `\s`, `\w` and `\b` are Unicode's, `^` and `$` are those of lines, `\h`
 * is a hexadecimal digit, possessive quantifiers and atomic groups exist, `(?i:…)` may stand anywhere.
 * What has no counterpart (references to groups, conditions, calls) is refused. Of the equality of letters
 * without regard to case only that of one letter with one other is known, not that of ß with ss.
 *
 * Source: Oniguruma, doc/RE, for the syntax.
 */

import {
  characterClass,
  classEscape,
  ESCAPED_WORD,
  escapeClass,
  withoutCase,
} from './oniguruma-class.js';
import { PatternError, Reader } from './oniguruma-reader.js';

export interface Translated {
  /** For a `RegExp` with the flag `v`. */
  source: string;
  /**
   * How a search may grow with the text's length n: at most n to this power, before the steps from place
   * to place. Infinity where a quantifier stands on more than a single character.
   */
  degree: number;
}

interface Options {
  ignoreCase: boolean;
  /** `.` matches a line end as well. */
  dotAll: boolean;
  extended: boolean;
  isBehind: boolean;
}

const WORD = ESCAPED_WORD;
const BOUNDARY = `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`;
const NO_BOUNDARY = `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`;
/** Without the flag `m` these are the text's own ends. */
const END = '$';
const START = '^';
const MOST_CHARACTERS = 20_000;
const DEEPEST = 100;

/** @throws PatternError saying what is wrong with it or unknown here. */
export function translate(pattern: string): Translated {
  if (pattern.length > MOST_CHARACTERS) {
    throw new PatternError(`it has more than ${MOST_CHARACTERS} characters`);
  }
  const translator = new Translator(new Reader(pattern));
  return translator.whole();
}

class Translator {
  private readonly reader: Reader;
  private depth = 0;
  private atomics = 0;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  whole(): Translated {
    const made = this.alternatives({
      ignoreCase: false,
      dotAll: false,
      extended: false,
      isBehind: false,
    });
    if (!this.reader.atEnd) throw new PatternError('a ) has no (');
    return made;
  }

  /** Up to the `)` or the end, which stays unread. */
  private alternatives(outer: Options): Translated {
    if (++this.depth > DEEPEST) throw new PatternError(`it is nested deeper than ${DEEPEST} times`);
    const options = { ...outer };
    let source = '';
    let degree = 0;
    let branch = 0;
    while (!this.reader.atEnd && this.reader.peek() !== ')') {
      if (this.reader.take('|')) {
        degree = Math.max(degree, branch);
        branch = 0;
        source += '|';
        continue;
      }
      const term = this.term(options);
      source += term.source;
      branch += term.degree;
    }
    this.depth--;
    return { source, degree: Math.max(degree, branch) };
  }

  private term(options: Options): Translated {
    const { reader } = this;
    if (options.extended && this.skipped()) return { source: '', degree: 0 };
    const atom = this.atom(options);
    if (atom.source === '' && !atom.isQuantifiable) return atom;
    return this.quantified(atom, options, reader);
  }

  private quantified(
    atom: Translated & { isSingle: boolean; isQuantifiable?: boolean },
    options: Options,
    reader: Reader,
  ): Translated {
    let { source, degree } = atom;
    let { isSingle } = atom;
    for (;;) {
      const quantifier = reader.quantifier();
      if (!quantifier) return { source, degree };
      const { least, most, lazy, possessive } = quantifier;
      if (quantifier.isReluctantExact) {
        source = `(?:${source}){${least}}`;
        source = `(?:${source})?`;
        degree += 1;
        continue;
      }
      const range = most === Number.POSITIVE_INFINITY ? `{${least},}` : `{${least},${most}}`;
      const repeated = `(?:${source})${range}${lazy ? '?' : ''}`;
      source = possessive ? this.atomic(repeated, options) : repeated;
      if (most > 1) degree = isSingle ? degree + 1 : Number.POSITIVE_INFINITY;
      isSingle = false;
    }
  }

  /** JavaScript has no atomic groups, but what a lookahead found it does not search again. */
  private atomic(source: string, options: Options): string {
    if (options.isBehind)
      throw new PatternError('an atomic group in a lookbehind is not supported');
    const name = `a${++this.atomics}`;
    return `(?=(?<${name}>${source}))\\k<${name}>`;
  }

  private atom(options: Options): Translated & { isSingle: boolean; isQuantifiable?: boolean } {
    const { reader } = this;
    const single = (source: string) => ({ source, degree: 0, isSingle: true });
    const place = (source: string) => ({ source, degree: 0, isSingle: false });
    const character = reader.next();
    switch (character) {
      case '(':
        return this.group(options);
      case '[':
        return single(characterClass(reader, options.ignoreCase));
      case '.':
        return single(options.dotAll ? String.raw`[\s\S]` : String.raw`[^\n]`);
      case '^':
        return place(String.raw`(?:${START}|(?<=\n)(?=[\s\S]))`);
      case '$':
        return place(String.raw`(?=\n|${END})`);
      case '*':
      case '+':
      case '?':
        throw new PatternError(`${character} has nothing before it`);
      case '\\':
        return this.escape(options, single, place);
    }
    return single(literal(character, options.ignoreCase));
  }

  private escape(
    options: Options,
    single: (source: string) => Translated & { isSingle: boolean },
    place: (source: string) => Translated & { isSingle: boolean },
  ): Translated & { isSingle: boolean } {
    const { reader } = this;
    const places: Record<string, string> = {
      A: START,
      z: END,
      Z: String.raw`(?=\n?${END})`,
      b: BOUNDARY,
      B: NO_BOUNDARY,
    };
    const next = reader.peek();
    if (Object.hasOwn(places, next)) {
      reader.next();
      return place(places[next]!);
    }
    if (next === 'R') {
      reader.next();
      return place(this.atomic(String.raw`\r\n|[\n-\r\x85\u2028\u2029]`, options));
    }
    if (/[GKXkg1-9]/.test(next)) throw new PatternError(`\\${next} is not supported`);
    const set = classEscape(reader, false);
    if (set !== undefined) return single(set);
    return single(literal(escapeClass(reader), options.ignoreCase));
  }

  private group(options: Options): Translated & { isSingle: boolean; isQuantifiable?: boolean } {
    const { reader } = this;
    const close = (open: string, inner: Options): Translated & { isSingle: boolean } => {
      const { source, degree } = this.alternatives(inner);
      if (!reader.take(')')) throw new PatternError('a ( has no )');
      return { source: `${open}${source})`, degree, isSingle: false };
    };
    if (!reader.take('?')) return { ...close('(?:', options), isQuantifiable: true };
    if (reader.take('#')) {
      while (reader.next() !== ')');
      return { source: '', degree: 0, isSingle: false };
    }
    for (const open of ['=', '!']) if (reader.take(open)) return close(`(?${open}`, options);
    for (const open of ['<=', '<!']) {
      if (reader.take(open)) return close(`(?${open}`, { ...options, isBehind: true });
    }
    if (reader.take(':')) return { ...close('(?:', options), isQuantifiable: true };
    if (reader.take('>')) {
      const inner = close('(?:', options);
      return { ...inner, source: this.atomic(inner.source, options), isQuantifiable: true };
    }
    const name = reader.takeMatch(/<[A-Za-z_]\w*>|'[A-Za-z_]\w*'/y);
    if (name !== undefined) return { ...close('(?:', options), isQuantifiable: true };
    const flags = reader.takeMatch(/[imx]*(?:-[imx]*)?(?=[:)])/y);
    if (flags === undefined) throw new PatternError(`(?${reader.peek()} is not supported`);
    const [on = '', off = ''] = flags.split('-');
    const inner = { ...options };
    for (const [letters, value] of [
      [on, true],
      [off, false],
    ] as const) {
      if (letters.includes('i')) inner.ignoreCase = value;
      if (letters.includes('m')) inner.dotAll = value;
      if (letters.includes('x')) inner.extended = value;
    }
    if (reader.take(':')) return { ...close('(?:', inner), isQuantifiable: true };
    // `(?i)` holds for all that follows in the group, alternatives included.
    reader.next();
    const { source, degree } = this.alternatives(inner);
    return { source: `(?:${source})`, degree, isSingle: false };
  }

  /** White space and comments of the extended form. */
  private skipped(): boolean {
    return this.reader.takeMatch(/(?:\s|#[^\n]*)+/y) !== undefined;
  }
}

/** One character, with those that differ from it in case alone. */
function literal(character: string, ignoreCase: boolean): string {
  if (!ignoreCase) return escapeCharacter(character);
  const all = withoutCase(character);
  return all.length === 1 ? escapeCharacter(character) : `[${all.map(escapeCharacter).join('')}]`;
}

function escapeCharacter(character: string): string {
  return /^[A-Za-z0-9]$/.test(character)
    ? character
    : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
