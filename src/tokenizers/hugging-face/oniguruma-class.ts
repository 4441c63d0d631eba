/** Classes of characters in Oniguruma's patterns: `[…]`, `\p{…}`, `\s`, and single escaped characters. */

import { PatternError, type Reader } from './oniguruma-reader.js';

const NAMED: Readonly<Record<string, string>> = {
  alnum: String.raw`[\p{Alphabetic}\p{Nd}]`,
  alpha: String.raw`\p{Alphabetic}`,
  ascii: String.raw`\p{ASCII}`,
  blank: String.raw`[\p{Zs}\t]`,
  cntrl: String.raw`\p{Cc}`,
  digit: String.raw`\p{Nd}`,
  graph: String.raw`[^\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]`,
  lower: String.raw`\p{Lowercase}`,
  print: String.raw`[[^\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]\p{Zs}]`,
  punct: String.raw`[\p{P}\p{S}]`,
  space: String.raw`\p{White_Space}`,
  upper: String.raw`\p{Uppercase}`,
  word: String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]`,
  xdigit: String.raw`\p{ASCII_Hex_Digit}`,
};
/** Outside of classes `\w` and `\b` take Latin-1's small figures for letters as well. */
export const ESCAPED_WORD: string = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}²³¹¼-¾]`;
const LETTERS: Readonly<Record<string, string>> = {
  s: NAMED['space']!,
  w: NAMED['word']!,
  d: NAMED['digit']!,
  h: NAMED['xdigit']!,
};
const CONTROLS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
};
const not = (set: string): string => `[^${set}]`;

/** The class that an escape stands for (the backslash is read); undefined where it is one character. */
export function classEscape(reader: Reader, isInClass: boolean): string | undefined {
  const letter = reader.peek();
  const isWord = letter === 'w' || letter === 'W';
  const set = isWord && !isInClass ? ESCAPED_WORD : LETTERS[letter.toLowerCase()];
  if (set !== undefined && /[swdhSWDH]/.test(letter)) {
    reader.next();
    return letter === letter.toLowerCase() ? set : not(set);
  }
  if (letter !== 'p' && letter !== 'P') return undefined;
  const name = reader.takeMatch(/[pP]\{\^?[\w &=-]+\}/y);
  if (name === undefined) throw new PatternError(`\\${letter} has no property's name in braces`);
  const isNegated = (letter === 'P') !== name.startsWith('^', 2);
  const property = propertyNamed(name.slice(2, -1).replace('^', ''));
  return isNegated ? not(property) : property;
}

function propertyNamed(name: string): string {
  const plain = name.toLowerCase().replace(/[\s_-]/g, '');
  if (Object.hasOwn(NAMED, plain)) return NAMED[plain]!;
  if (plain === 'any') return String.raw`\p{Any}`;
  // Names are the same with or without capitals there, not here.
  const words = name.split(/[\s_-]+/).filter((word) => word !== '');
  const capital = words.map((w) => w[0]!.toUpperCase() + w.slice(1).toLowerCase()).join('_');
  for (const spelling of [name, capital, name.toUpperCase()]) {
    for (const property of [`\\p{${spelling}}`, `\\p{Script=${spelling}}`]) {
      try {
        new RegExp(property, 'v');
        return property;
      } catch {
        // The next spelling.
      }
    }
  }
  throw new PatternError(`\\p{${name}} is not known`);
}

/** The one character that an escape stands for; the backslash is read. */
export function escapeClass(reader: Reader): string {
  const hex = reader.takeMatch(/x\{[0-9A-Fa-f]{1,8}\}|x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{4}/y);
  if (hex !== undefined) return ofPoint(Number.parseInt(hex.replace(/[^0-9A-Fa-f]/g, ''), 16));
  const octal = reader.takeMatch(/[0-7]{1,3}/y);
  if (octal !== undefined) return ofPoint(Number.parseInt(octal, 8));
  const letter = reader.next();
  if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter]!;
  if (/[A-Za-z]/.test(letter)) throw new PatternError(`\\${letter} is not supported`);
  return letter;
}

function ofPoint(point: number): string {
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    throw new PatternError(`U+${point.toString(16).toUpperCase()} is not a character`);
  }
  return String.fromCodePoint(point);
}

const DEEPEST = 50;

/** A class whose `[` is read, up to its `]`. */
export function characterClass(reader: Reader, ignoreCase: boolean, depth = 0): string {
  if (depth > DEEPEST) throw new PatternError('classes are nested too deeply');
  const isNegated = reader.take('^');
  const intersected: string[] = [];
  let members = '';
  // A ] that comes first is a member.
  for (let isFirst = true; isFirst || reader.peek() !== ']'; isFirst = false) {
    if (reader.take('&&')) {
      intersected.push(members);
      members = '';
      continue;
    }
    const posix = reader.takeMatch(/\[:\^?\w+:\]/y);
    if (posix !== undefined) {
      const name = posix.replace(/[^\w]/g, '').toLowerCase();
      if (!Object.hasOwn(NAMED, name)) throw new PatternError(`${posix} is not known`);
      members += posix[2] === '^' ? not(NAMED[name]!) : NAMED[name]!;
    } else if (reader.take('[')) members += characterClass(reader, ignoreCase, depth + 1);
    else members += member(reader);
  }
  reader.next();
  intersected.push(members);
  const each = intersected.map((part) => {
    const set = part === '' ? '[]' : `[${part}]`;
    return ignoreCase ? withCases(set) : set;
  });
  const whole = each.length === 1 ? each[0]! : `[${each.join('&&')}]`;
  return isNegated ? not(whole) : whole;
}

/** A character, a range, or an escaped class. */
function member(reader: Reader): string {
  const one = (): string | { set: string } => {
    const character = reader.next();
    if (character !== '\\') return character;
    const set = classEscape(reader, true);
    if (set !== undefined) return { set };
    return reader.take('b') ? '\b' : escapeClass(reader);
  };
  const first = one();
  if (typeof first === 'object') return first.set;
  const dash = reader.takeMatch(/-(?=[^\]])/y);
  if (dash === undefined) return escaped(first);
  if (reader.peek() === '[') return escaped(first) + escaped('-');
  const last = one();
  if (typeof last === 'object') return escaped(first) + escaped('-') + last.set;
  if (first.codePointAt(0)! > last.codePointAt(0)!) {
    throw new PatternError(`the range ${first}-${last} is empty`);
  }
  return `${escaped(first)}-${escaped(last)}`;
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** Characters that have others in other case, by what they become without regard to it; made when needed. */
let families: Map<string, string[]> | undefined;

function familiesOfCase(): Map<string, string[]> {
  if (families) return families;
  const folded = new Map<string, string[]>();
  const changes = /[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u;
  for (let point = 0; point < 0x1e944; point++) {
    const character = String.fromCodePoint(point);
    if (!changes.test(character)) continue;
    const upper = character.toUpperCase();
    // Where the capital is more than one character, the letter itself decides, as in simple folding.
    const key = [...upper].length === 1 ? upper.toLowerCase() : character.toLowerCase();
    const family = folded.get(key);
    if (family) family.push(character);
    else folded.set(key, [character]);
  }
  families = new Map();
  for (const family of folded.values()) for (const member of family) families.set(member, family);
  return families;
}

/** The character and all that differ from it in case alone. */
export function withoutCase(character: string): string[] {
  return familiesOfCase().get(character) ?? [character];
}

/** The class and all characters that differ from a member in case alone. */
function withCases(set: string): string {
  const is = new RegExp(`^${set}$`, 'v');
  let more = '';
  for (const [character, family] of familiesOfCase()) {
    if (!is.test(character) && family.some((other) => is.test(other))) more += escaped(character);
  }
  return more === '' ? set : `[${set}${more}]`;
}
