/** What there is to know about a tokenizer on a given text, as numbers. */

import type { MergeStep, Tokenizer } from '../tokenizer.js';

/** The word whose merges are shown by default; 27 letters, in "Love's Labour's Lost". */
export const LONG_WORD = 'honorificabilitudinitatibus';

export interface InspectOptions {
  /** Share of the text that a model would be trained on: the first so much of it. Default 0.8. */
  trainShare?: number;
  /** A text whose pieces are shown. Default: the first lines of the text, up to 240 characters. */
  sample?: string;
  /** A word whose merges are shown. Default `LONG_WORD`. */
  word?: string;
  /** How many of the longest pieces. Default 12. */
  longest?: number;
}

export interface Inspection {
  name: string;
  kind: string;
  vocabSize: number;
  /** Of the text: UTF-8 bytes, and words separated by white space. */
  bytes: number;
  words: number;
  tokens: number;
  bytesPerToken: number;
  /** The rule of thumb for English and large vocabularies is 4/3. */
  tokensPerWord: number;
  /** Ids that never occur in the training split, and their share of the vocabulary. */
  unused: number;
  unusedShare: number;
  /** Whether decoding gives the text back, character for character. */
  isLossless: boolean;
  /** The longest tokens of the vocabulary, in characters, special ones left out. */
  longest: { id: number; text: string; characters: number }[];
  sample: { id: number; text: string }[];
  word: { text: string; steps: MergeStep[]; tokens: string[] };
}

export function inspect(
  tokenizer: Tokenizer,
  text: string,
  options: InspectOptions = {},
): Inspection {
  const { trainShare = 0.8, sample = firstLines(text), word = LONG_WORD, longest = 12 } = options;
  const ids = tokenizer.encode(text);
  const bytes = Buffer.byteLength(text);
  const words = text.match(/\S+/g)?.length ?? 0;
  const used = new Uint8Array(tokenizer.vocabSize);
  for (const id of ids.subarray(0, Math.floor(ids.length * trainShare))) used[id] = 1;
  const unused = used.reduce((n, isUsed) => n + (1 - isUsed), 0);
  return {
    name: tokenizer.name,
    kind: tokenizer.kind,
    vocabSize: tokenizer.vocabSize,
    bytes,
    words,
    tokens: ids.length,
    bytesPerToken: bytes / ids.length,
    tokensPerWord: ids.length / words,
    unused,
    unusedShare: unused / tokenizer.vocabSize,
    isLossless: tokenizer.decode(ids) === text,
    longest: longestTokens(tokenizer, longest),
    sample: piecesOf(tokenizer, sample),
    word: wordOf(tokenizer, word),
  };
}

/** A token on one line: spaces and line ends shown, a run of 8 or more of one character as `-×64`. */
export function shortToken(text: string): string {
  return text
    .replace(/(.)\1{7,}/gsu, (run, one: string) => `${one}×${[...run].length}`)
    .replaceAll(' ', '␣')
    .replaceAll('\n', '⏎');
}

/** How many tokens three words take, beside the rule of thumb. */
export function ruleOfThumb(inspection: Inspection): string {
  return `${(inspection.tokensPerWord * 3).toFixed(1)} tokens for 3 words (the rule of thumb says 4)`;
}

/** The tokens of a text; one that is not in the vocabulary (`char`) has none. */
function piecesOf(tokenizer: Tokenizer, text: string): { id: number; text: string }[] {
  return Array.from(tokenizer.encode(text), (id) => ({ id, text: tokenizer.tokenToString(id) }));
}

function wordOf(tokenizer: Tokenizer, text: string): Inspection['word'] {
  const tokens = Array.from(tokenizer.encode(text), (id) => tokenizer.tokenToString(id));
  return { text, steps: tokenizer.mergeSteps?.(text) ?? [], tokens };
}

function longestTokens(tokenizer: Tokenizer, count: number): Inspection['longest'] {
  const all: Inspection['longest'] = [];
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    const text = spellingOf(tokenizer, id);
    if (text === undefined || /^<.*>$|^\[.*\]$/s.test(text)) continue;
    all.push({ id, text, characters: [...text].length });
  }
  all.sort((a, b) => b.characters - a.characters || a.id - b.id);
  return all.slice(0, count);
}

/** An id that the vocabulary leaves unused has no spelling. */
function spellingOf(tokenizer: Tokenizer, id: number): string | undefined {
  try {
    return tokenizer.tokenToString(id);
  } catch {
    return undefined;
  }
}

function firstLines(text: string): string {
  const head = text.slice(0, 240);
  const end = head.lastIndexOf('\n');
  return text.length > 240 && end > 0 ? head.slice(0, end) : head;
}
