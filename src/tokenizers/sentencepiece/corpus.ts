/**
 * From text files to what a BPE training counts: words with their frequencies, and the characters
 * that the vocabulary must have. Every rule here decides what the original would train on.
 */

import { UserError } from '../../util/errors.js';
import { utf8Length } from '../../util/utf8-length.js';
import { reservoirSample } from './reservoir.js';
import type { TrainerSettings } from './spec.js';

/** The mark that a space becomes. */
export const SPACE = '\u2581';
/** Stands for a character that the vocabulary leaves out; a line that has it is left out itself. */
export const UNKNOWN = '\u2585';
/** Stands for a special piece found in the text; no piece crosses it. */
export const BOUNDARY = '\t';

export interface Corpus {
  /** Words (or whole sentences), most frequent first, by their bytes among equals. */
  words: string[];
  counts: number[];
  /** Characters of the vocabulary with how often each occurs, most frequent first. */
  alphabet: { point: number; count: number }[];
}

interface Sentence {
  text: string;
  count: number;
}

/** What the corpus calls on for one sentence: the normalised text, spaces as `SPACE`. */
export type Normalize = (sentence: string) => string;

/**
 * Reads, selects, normalises, counts and splits.
 *
 * @param specials pieces that are not learnt; where one occurs, the text is broken.
 * @throws UserError for a file that cannot be read or is not UTF-8, and for an empty corpus.
 */
export function loadCorpus(
  source: Iterable<Source>,
  settings: TrainerSettings,
  normalize: Normalize,
  specials: Iterable<string>,
): Corpus {
  const sentences = selectSentences(source, settings);
  if (sentences.length === 0) {
    const of = settings.input.length > 0 ? ` of ${settings.input.join(', ')}` : '';
    throw new UserError(`the corpus is empty: no line${of} can be used`);
  }
  const replace = specialReplacer(specials);
  for (const sentence of sentences) sentence.text = replace(normalize(sentence.text));
  dropEmpty(sentences);
  const alphabet = chooseAlphabet(sentences, settings);
  replaceRare(sentences, alphabet);
  if (!settings.split_by_whitespace) {
    const words = sentences.map((s) => s.text);
    return { words, counts: sentences.map((s) => s.count), alphabet };
  }
  return { ...splitIntoWords(sentences, settings), alphabet };
}

/** Lines, and where they come from. */
export interface Source {
  name: string;
  lines: string[];
}

/** @param name what errors call it. */
export function linesOfText(text: string, name = 'the text'): Source {
  return { name, lines: splitLines(text) };
}

function selectSentences(source: Iterable<Source>, settings: TrainerSettings): Sentence[] {
  const limit = settings.input_sentence_size;
  const sentences: Sentence[] = [];
  for (const { name, lines } of source) {
    for (const line of lines) {
      const sentence = parseLine(line, settings, name);
      if (!sentence || tooLong(sentence.text, settings.max_sentence_length)) continue;
      if (sentence.text.includes(UNKNOWN)) continue;
      sentences.push(sentence);
      const enough = limit > 0 && !settings.shuffle_input_sentence && sentences.length >= limit;
      if (enough) return sentences;
    }
  }
  return limit > 0 ? reservoirSample(sentences, limit) : sentences;
}

function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function parseLine(line: string, settings: TrainerSettings, path: string): Sentence | undefined {
  if (settings.input_format !== 'tsv') return line === '' ? undefined : { text: line, count: 1 };
  const fields = line.split('\t');
  const count = Number(fields[1]);
  if (fields.length !== 2 || !Number.isInteger(count) || count < 1) {
    throw new UserError(
      `${path}: expected a sentence, a tab and a count, got ${JSON.stringify(line)}`,
    );
  }
  return fields[0] === '' ? undefined : { text: fields[0]!, count };
}

function tooLong(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) return false;
  return text.length > bytes || utf8Length(text) > bytes;
}

/** Replaces each occurrence of a special piece, the longest first, by the boundary. */
function specialReplacer(specials: Iterable<string>): (text: string) => string {
  const pieces = [...specials].sort((a, b) => b.length - a.length);
  const quote = (s: string): string => s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const firsts = new Set(pieces.map((piece) => `\\u{${piece.codePointAt(0)!.toString(16)}}`));
  const maybe = new RegExp(`[${[...firsts].join('')}]`, 'u');
  const any = new RegExp(pieces.map(quote).join('|'), 'gu');
  return (text) => (maybe.test(text) ? text.replace(any, BOUNDARY) : text);
}

/**
 * Removes empty sentences as the original does: the last one takes the place of an empty one, and is
 * not looked at again, so that an empty one may stay.
 */
function dropEmpty(sentences: Sentence[]): void {
  for (let i = 0; i < sentences.length; i++) {
    if (sentences[i]!.text !== '') continue;
    const last = sentences.pop()!;
    if (i < sentences.length) sentences[i] = last;
  }
}

/**
 * The characters, from the most frequent on, that cover the wanted share of the text; and before
 * them those that are required.
 */
function chooseAlphabet(sentences: Sentence[], settings: TrainerSettings): Corpus['alphabet'] {
  const counts = new Float64Array(0x110000);
  let total = 0;
  for (const { text, count } of sentences) {
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i)!;
      if (point > 0xffff) i++;
      if (point === 0) continue;
      counts[point]! += count;
      total += count;
    }
  }
  const required = new Set([...settings.required_chars].map((c) => c.codePointAt(0)!));
  required.delete(0);
  const found: { point: number; count: number }[] = [];
  for (const [point, count] of counts.entries()) {
    if (count > 0 || required.has(point)) found.push({ point, count });
  }
  found.sort(
    (a, b) =>
      Number(required.has(b.point)) - Number(required.has(a.point)) ||
      b.count - a.count ||
      a.point - b.point,
  );
  // The original computes with single precision here.
  const wanted = Math.fround(settings.character_coverage);
  let covered = 0;
  let n = 0;
  while (n < found.length && !(Math.fround(covered / total) >= wanted))
    covered += found[n++]!.count;
  const alphabet = found.slice(0, n).filter(({ point }) => point !== BOUNDARY.charCodeAt(0));
  return alphabet.sort((a, b) => b.count - a.count || a.point - b.point);
}

function replaceRare(sentences: Sentence[], alphabet: Corpus['alphabet']): void {
  const kept = new Uint8Array(0x110000);
  for (const { point } of alphabet) kept[point] = 1;
  for (const sentence of sentences) {
    const { text } = sentence;
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i)!;
      if (!kept[point]) {
        const replaced = Array.from(text, (c) => (kept[c.codePointAt(0)!] ? c : UNKNOWN));
        sentence.text = replaced.join('');
        break;
      }
      if (point > 0xffff) i++;
    }
  }
}

/** The pattern of a word: where a piece may hold white space decides where words end. */
export function wordPattern(
  settings: Pick<TrainerSettings, 'treat_whitespace_as_suffix' | 'allow_whitespace_only_pieces'>,
): RegExp {
  const s = SPACE;
  const run = settings.allow_whitespace_only_pieces ? `${s}+` : s;
  return settings.treat_whitespace_as_suffix
    ? new RegExp(`[^${s}]*${run}|[^${s}]+`, 'g')
    : new RegExp(`${run}[^${s}]*|[^${s}]+`, 'g');
}

function splitIntoWords(
  sentences: Sentence[],
  settings: TrainerSettings,
): { words: string[]; counts: number[] } {
  const pattern = wordPattern(settings);
  const counts = new Map<string, number>();
  for (const { text, count } of sentences) {
    for (const word of text.match(pattern) ?? []) counts.set(word, (counts.get(word) ?? 0) + count);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || compareCodePoints(a[0], b[0]));
  return { words: sorted.map(([word]) => word), counts: sorted.map(([, count]) => count) };
}

/** Order by code points, which is that of UTF-8 bytes; UTF-16 puts surrogates before U+E000. */
export function compareCodePoints(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}
