/**
 * Text as SentencePiece sees it: characters replaced by rule (leftmost, longest), white space marked
 * and, if wished, trimmed and run together, and a mark put before the text (or after it).
 */

import { UserError } from '../../util/errors.js';
import { withRoom } from '../../util/grow.js';
import { utf8Decoder } from '../support.js';
import type { NormalizationRules } from './charsmap.js';
import { NOWHERE, ROOT } from './double-array.js';
import { PrefixMatcher } from './prefix-matcher.js';
import { characterLength } from './utf8.js';

export type { NormalizationRules } from './charsmap.js';

export interface NormalizerOptions {
  /** None: every character stays ("identity"). */
  rules: NormalizationRules | undefined;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  /** Mark spaces as U+2581. */
  escapeWhitespaces: boolean;
  whitespaceAsSuffix: boolean;
  /** Pieces of the user's own, which are left as they are. */
  untouched?: readonly string[];
}

/** Normalised text as UTF-8, and for each byte (and the end) the byte of the input it comes from. */
export interface Aligned {
  bytes: Uint8Array;
  origin: Int32Array;
}

export interface Normalizer {
  normalize(text: string): string;
  align(input: Uint8Array): Aligned;
}

const SPACE_MARK = '\u2581';
const SPACE = 0x20;

export function createNormalizer(options: NormalizerOptions): Normalizer {
  const bytewise = new BytewiseNormalizer(options);
  const encoder = new TextEncoder();
  const decoder = utf8Decoder();
  const isPlain = plainTest(options);
  return {
    normalize: (text) =>
      isPlain(text)
        ? identity(text, options)
        : decoder.decode(bytewise.align(encoder.encode(text)).bytes),
    align: (input) => bytewise.align(input),
  };
}

/** A quick test of whether rules and the user's own pieces leave a text as it is. */
function plainTest(options: NormalizerOptions): (text: string) => boolean {
  const { rules, untouched = [] } = options;
  if (!options.escapeWhitespaces || untouched.some((piece) => piece.includes(' ')))
    return () => false;
  if (!rules) return () => true;
  return changesAscii(rules) ? () => false : (text) => /^[\x20-\x7e]*$/.test(text);
}

/** Whether a rule applies to some text of printable ASCII alone. */
function changesAscii({ trie }: NormalizationRules): boolean {
  const reach = (place: number): boolean => {
    for (let byte = 0x20; byte < 0x7f; byte++) {
      const next = trie.step(place, byte);
      // One more ASCII character that leads on is enough to be careful.
      if (next !== NOWHERE && (place !== ROOT || trie.value(next) !== NOWHERE || reach(next)))
        return true;
    }
    return false;
  };
  return reach(ROOT);
}

/** The same for text that no rule changes, without going through bytes. */
function identity(text: string, options: NormalizerOptions): string {
  let out = text;
  if (options.removeExtraWhitespaces) out = out.replace(/^ +/, '').replace(/ {2,}/g, ' ');
  if (out === '') return '';
  if (out.includes(' ')) out = out.replaceAll(' ', SPACE_MARK);
  if (options.addDummyPrefix && !options.whitespaceAsSuffix) out = SPACE_MARK + out;
  if (options.removeExtraWhitespaces) {
    let end = out.length;
    while (end > 0 && out[end - 1] === SPACE_MARK) end--;
    out = out.slice(0, end);
  }
  return options.addDummyPrefix && options.whitespaceAsSuffix ? out + SPACE_MARK : out;
}

class BytewiseNormalizer {
  private readonly options: NormalizerOptions;
  private readonly matcher: PrefixMatcher;
  private readonly mark: Uint8Array;
  private out = new Uint8Array(256);
  private origin = new Int32Array(257);
  private length = 0;
  /** Set by `next`: what the next characters become (a stretch of `source`), and how many they are. */
  private source: Uint8Array = this.out;
  private start = 0;
  private end = 0;
  private consumed = 0;

  constructor(options: NormalizerOptions) {
    this.options = options;
    this.matcher = new PrefixMatcher(options.untouched ?? []);
    this.mark = new TextEncoder().encode(options.escapeWhitespaces ? SPACE_MARK : ' ');
  }

  align(input: Uint8Array): Aligned {
    const { addDummyPrefix, removeExtraWhitespaces: trim, whitespaceAsSuffix } = this.options;
    this.length = 0;
    let at = 0;
    while (trim && at < input.length) {
      this.next(input, at);
      if (this.end - this.start !== 1 || this.source[this.start] !== SPACE) break;
      at += this.consumed;
    }
    if (at >= input.length) return { bytes: new Uint8Array(0), origin: new Int32Array(1) };
    if (addDummyPrefix && !whitespaceAsSuffix) this.append(this.mark, 0, this.mark.length, at);
    let afterSpace = trim;
    while (at < input.length) {
      this.next(input, at);
      const { source, end } = this;
      let { start } = this;
      while (afterSpace && start < end && source[start] === SPACE) start++;
      for (let i = start; i < end; i++) {
        if (source[i] === SPACE) this.append(this.mark, 0, this.mark.length, at);
        else this.append(source, i, i + 1, at);
      }
      if (start < end) afterSpace = trim && source[end - 1] === SPACE;
      at += this.consumed;
    }
    if (trim) at = this.trimEnd(at);
    if (addDummyPrefix && whitespaceAsSuffix) this.append(this.mark, 0, this.mark.length, at);
    const bytes = this.out.slice(0, this.length);
    const origin = this.origin.slice(0, this.length + 1);
    origin[this.length] = at;
    return { bytes, origin };
  }

  /** Drops marks at the end; returns where in the input the rest ends. */
  private trimEnd(at: number): number {
    const { mark } = this;
    let consumed = at;
    while (
      this.length >= mark.length &&
      mark.every((b, i) => this.out[this.length - mark.length + i] === b)
    ) {
      this.length -= mark.length;
      consumed = this.origin[this.length]!;
    }
    return consumed;
  }

  private append(from: Uint8Array, start: number, end: number, origin: number): void {
    const length = this.length + end - start;
    if (length > this.out.length) this.out = withRoom(this.out, length);
    if (length >= this.origin.length) this.origin = withRoom(this.origin, length + 1);
    for (let i = start; i < end; i++) {
      this.out[this.length] = from[i]!;
      this.origin[this.length++] = origin;
    }
  }

  /** Finds what the characters at `at` become, by the longest rule that fits. */
  private next(input: Uint8Array, at: number): void {
    const own = this.matcher.longest(input, at);
    if (own > 0) {
      this.copy(input, at, own);
      return;
    }
    const { rules } = this.options;
    let found = NOWHERE;
    if (rules) {
      let place = ROOT;
      for (let i = at; i < input.length; i++) {
        place = rules.trie.step(place, input[i]!);
        if (place === NOWHERE) break;
        const value = rules.trie.value(place);
        if (value === NOWHERE) continue;
        found = value;
        this.consumed = i + 1 - at;
      }
    }
    if (found === NOWHERE) {
      this.copy(input, at, characterLength(input[at]!));
      return;
    }
    const { replacements } = rules!;
    if (found > replacements.length) {
      throw new UserError(
        `the model's normalisation rules are broken: replacement ${found} is out of range`,
      );
    }
    const end = replacements.indexOf(0, found);
    this.source = replacements;
    this.start = found;
    this.end = end < 0 ? replacements.length : end;
  }

  private copy(input: Uint8Array, at: number, length: number): void {
    this.source = input;
    this.start = at;
    this.end = Math.min(at + length, input.length);
    this.consumed = this.end - at;
  }
}
