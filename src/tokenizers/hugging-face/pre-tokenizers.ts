/** How a `tokenizer.json` cuts a text into the words that its model sees: its `pre_tokenizer`. */

import { GPT2_SPLIT } from '../bytes/split.js';
import { spellBytes } from './byte-spelling.js';
import { type Fields, type Makers, make, makeEach } from './fields.js';
import { checkLength, type Pattern, type Places, patternOf } from './pattern.js';
import { PUNCTUATION } from './unicode.js';

/** Words, and whether the first of them stands at the very beginning of the text. */
export interface Words {
  texts: string[];
  atStart: boolean;
}

export type PreTokenize = (words: Words) => Words;

/** What becomes of what a pattern found. */
const BEHAVIORS = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const;
type Behavior = (typeof BEHAVIORS)[number];

/** A pattern of ours, which takes time in proportion to the text. */
const plain = (source: string): Pattern => {
  const regexp = new RegExp(source, 'gv');
  return {
    findAll: (text) => {
      const places: number[] = [];
      for (const m of text.matchAll(regexp)) {
        places.push(m.index, m.index + m[0].length);
        checkLength(places);
      }
      return places;
    },
  };
};
const SPACE = plain(String.raw`\p{White_Space}`);
const PUNCTUATIONS = plain(PUNCTUATION);
const NUMBER = plain(String.raw`\p{N}`);
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;
const WORDS = plain(String.raw`[${WORD}]+|[^${WORD}\p{White_Space}]+`);
const GPT2 = plain(GPT2_SPLIT);

const MAKERS: Makers<PreTokenize> = {
  Sequence: (fields) => {
    const each = makeEach(fields, 'pretokenizers', MAKERS);
    return (words) => each.reduce((cut, preTokenize) => preTokenize(cut), words);
  },
  ByteLevel: (fields) => {
    const addsSpace = fields.flag('add_prefix_space', true);
    const cuts = fields.flag('use_regex', true);
    fields.ignore('trim_offsets');
    return ({ texts, atStart }) => {
      const begun = addsSpace ? texts.map((t) => (t.startsWith(' ') ? t : ` ${t}`)) : texts;
      const cut = cuts
        ? splitEach({ texts: begun, atStart }, GPT2, 'Isolated')
        : { texts: begun, atStart };
      return { ...cut, texts: cut.texts.map(spellBytes) };
    };
  },
  Metaspace: (fields) => {
    const { replacement, scheme } = metaspaceOf(fields);
    const cuts = fields.flag('split', true);
    const mark = plainText(replacement);
    return ({ texts, atStart }) => {
      const marked = texts.map((text, i) => {
        const out = text.replaceAll(' ', replacement);
        const isHere = scheme === 'always' || (scheme === 'first' && i === 0 && atStart);
        return isHere && !out.startsWith(replacement) ? replacement + out : out;
      });
      const words = { texts: marked, atStart };
      return cuts ? splitEach(words, mark, 'MergedWithNext') : words;
    };
  },
  BertPreTokenizer: () => (words) =>
    splitEach(splitEach(words, SPACE, 'Removed'), PUNCTUATIONS, 'Isolated'),
  Whitespace: () => (words) => splitEach(words, WORDS, 'Removed', true),
  WhitespaceSplit: () => (words) => splitEach(words, SPACE, 'Removed'),
  CharDelimiterSplit: (fields) => {
    const delimiter = plainText(fields.character('delimiter'));
    return (words) => splitEach(words, delimiter, 'Removed');
  },
  Digits: (fields) => {
    const behavior = fields.flag('individual_digits', false) ? 'Isolated' : 'Contiguous';
    return (words) => splitEach(words, NUMBER, behavior);
  },
  Punctuation: (fields) => {
    const behavior = fields.choice('behavior', BEHAVIORS, 'Isolated');
    return (words) => splitEach(words, PUNCTUATIONS, behavior);
  },
  Split: (fields) => {
    const pattern = patternOf(fields);
    const behavior = fields.choice('behavior', BEHAVIORS);
    const inverted = fields.flag('invert', false);
    return (words) => splitEach(words, pattern, behavior, inverted);
  },
  FixedLength: (fields) => {
    const length = fields.count('length', 5);
    if (length === 0) fields.refuse('length', 'a number from 1 on', length);
    return ({ texts, atStart }) => ({ texts: texts.flatMap((t) => chunks(t, length)), atStart });
  },
};

/** @param json undefined or null: the text is one word. */
export function makePreTokenizer(json: unknown): PreTokenize | undefined {
  return json === undefined || json === null ? undefined : make(json, 'pre_tokenizer', MAKERS);
}

const SCHEMES = ['always', 'first', 'never'] as const;

/** The fields that `Metaspace` has in a pre-tokenizer and in a decoder. */
export function metaspaceOf(fields: Fields): {
  replacement: string;
  scheme: (typeof SCHEMES)[number];
} {
  const replacement = fields.character('replacement', '\u2581');
  let scheme = fields.choice('prepend_scheme', SCHEMES, 'always');
  // Older files say it with this alone.
  if (fields.take('add_prefix_space') === false) {
    if (scheme === 'first')
      fields.refuse('add_prefix_space', 'true with prepend_scheme first', false);
    scheme = 'never';
  }
  fields.ignore('str_rep');
  return { replacement, scheme };
}

function plainText(text: string): Pattern {
  return plain(`\\u{${text.codePointAt(0)!.toString(16)}}`);
}

/** Cuts each word at what the pattern finds in it; `inverted` takes the rest for what it found. */
export function splitEach(
  words: Words,
  pattern: Pattern,
  behavior: Behavior,
  inverted = false,
): Words {
  const texts: string[] = [];
  let atStart = words.atStart;
  for (const [i, text] of words.texts.entries()) {
    const before = texts.length;
    const places = pattern.findAll(text);
    const isSimple = behavior === 'Isolated' || (behavior === 'Removed' && !inverted);
    const from = isSimple
      ? appendParts(texts, text, places, behavior === 'Isolated')
      : appendCut(texts, text, spansOf(text.length, places, inverted), behavior);
    checkLength(texts);
    if (i === 0) atStart &&= texts.length > before && from === 0;
  }
  return { texts, atStart };
}

/** The two commonest behaviours, without an object for each part; returns where the first word began. */
function appendParts(out: string[], text: string, places: Places, keepsFound: boolean): number {
  let first = -1;
  let from = 0;
  const append = (start: number, end: number): void => {
    if (start === end) return;
    if (first < 0) first = start;
    out.push(start === 0 && end === text.length ? text : text.slice(start, end));
  };
  for (let i = 0; i < places.length; i += 2) {
    append(from, places[i]!);
    from = places[i + 1]!;
    if (keepsFound) append(places[i]!, from);
  }
  append(from, text.length);
  return first;
}

interface Span {
  start: number;
  end: number;
  isMatch: boolean;
}

/** The text in order: what was found and what lies between. */
function spansOf(length: number, places: Places, inverted: boolean): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (let i = 0; i < places.length; i += 2) {
    const [start, end] = [places[i]!, places[i + 1]!];
    if (from !== start) spans.push({ start: from, end: start, isMatch: inverted });
    spans.push({ start, end, isMatch: !inverted });
    from = end;
  }
  if (from !== length || length === 0) spans.push({ start: from, end: length, isMatch: inverted });
  return spans;
}

/** Appends the words that a behaviour makes of the spans; returns where the first of them began. */
function appendCut(out: string[], text: string, spans: Span[], behavior: Behavior): number {
  const merged: Span[] = [];
  let wasMatch = false;
  if (behavior === 'MergedWithNext') {
    for (const span of spans.reverse()) {
      const last = merged.at(-1);
      if (span.isMatch && !wasMatch && last) last.start = span.start;
      else merged.push(span);
      wasMatch = span.isMatch;
    }
    merged.reverse();
  } else {
    for (const span of spans) {
      const last = merged.at(-1);
      const joins =
        behavior === 'MergedWithPrevious'
          ? span.isMatch && !wasMatch
          : behavior === 'Contiguous' && span.isMatch === wasMatch;
      if (joins && last) last.end = span.end;
      else if (behavior !== 'Removed' || !span.isMatch) merged.push(span);
      wasMatch = span.isMatch;
    }
  }
  let first = -1;
  for (const { start, end } of merged) {
    if (start === end) continue;
    if (first < 0) first = start;
    out.push(start === 0 && end === text.length ? text : text.slice(start, end));
  }
  return first;
}

function chunks(text: string, length: number): string[] {
  const characters = [...text];
  const out: string[] = [];
  for (let i = 0; i < characters.length; i += length) {
    out.push(characters.slice(i, i + length).join(''));
  }
  return out;
}
