/**
 * Learns a byte-level BPE from a text, as GPT-2's was: words by a pattern, bytes as first tokens, then
 * the most frequent pair of neighbours becomes a token, over and over.
 *
 * Radford et al. 2019, §2.2; Sennrich, Haddow, Birch 2016, §3.2.
 */

import { UsageError, UserError } from '../../util/errors.js';
import type { Task } from '../../util/work.js';
import { PairIndex } from '../pair-index.js';
import { wellFormed } from '../support.js';

export interface ByteBpeSettings {
  /** Tokens in all: 256 bytes, merges, special tokens. */
  vocabSize: number;
  /** Pattern of words. */
  split: string;
  /** Spellings of special tokens; they get the last ids. */
  specials: readonly string[];
  /** A pair that occurs less often is not joined. Default 2: what occurs once is chance. */
  minFrequency?: number;
}

/** Pairs of tokens in the order in which they are joined: the i-th makes token 256 + i. */
export type MergeList = [left: number, right: number][];

/**
 * @throws UsageError for a vocabulary that has no room for the bytes and the special tokens.
 * @throws UserError for an empty text.
 */
export function trainByteBpe(
  text: string,
  settings: ByteBpeSettings,
  report: (share: number) => void = () => {},
): MergeList {
  const wanted = settings.vocabSize - 256 - settings.specials.length;
  if (wanted < 0) {
    throw new UsageError(
      `vocab_size: expected at least ${256 + settings.specials.length} ` +
        `(256 bytes and ${settings.specials.length} special tokens), got ${settings.vocabSize}`,
    );
  }
  const words = countWords(text, settings);
  if (words.length === 0)
    throw new UserError('the corpus is empty: there is no text to learn from');
  return new Learner(words).learn(wanted, settings.minFrequency ?? 2, report);
}

/** `trainByteBpe`, for a thread of its own. */
export const trainByteBpeTask: Task<{ text: string; settings: ByteBpeSettings }, MergeList> = {
  module: import.meta.url,
  name: 'trainByteBpeTask',
  run: ({ text, settings }, report) => trainByteBpe(text, settings, report),
};

/** Words and how often each occurs, most frequent first. Special tokens in the text are left out. */
function countWords(text: string, { split, specials }: ByteBpeSettings): [string, number][] {
  const counts = new Map<string, number>();
  const quote = (s: string): string => s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const parts =
    specials.length > 0 ? text.split(new RegExp(specials.map(quote).join('|'), 'u')) : [text];
  const pattern = new RegExp(split, 'gu');
  for (const part of parts) {
    for (const [word] of wellFormed(part).matchAll(pattern))
      counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** Inside a token, or between words. */
const NO_TOKEN = -1;

class Learner {
  /** Words one after the other: at each place where a token starts, the token. */
  private readonly tokens: Int32Array;
  /** Places of the neighbours in the same word; -1 at its ends. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly countAt: Float64Array;
  private readonly pairs = new PairIndex();
  private readonly lefts: number[] = [];
  private readonly rights: number[] = [];
  private readonly counts: number[] = [];
  /** Where each pair was seen; it may have gone since. */
  private readonly places: number[][] = [];
  private readonly heap = new PairQueue();

  constructor(words: readonly [string, number][]) {
    const utf8 = new TextEncoder();
    const bytes = words.map(([word]) => utf8.encode(word));
    const size = bytes.reduce((sum, word) => sum + word.length, 0);
    this.tokens = new Int32Array(size);
    this.next = new Int32Array(size);
    this.previous = new Int32Array(size);
    this.countAt = new Float64Array(size);
    let at = 0;
    for (const [i, word] of bytes.entries()) {
      for (let j = 0; j < word.length; j++, at++) {
        this.tokens[at] = word[j]!;
        this.previous[at] = j > 0 ? at - 1 : -1;
        this.next[at] = j + 1 < word.length ? at + 1 : -1;
        this.countAt[at] = words[i]![1];
      }
    }
    for (let i = 0; i < size; i++) if (this.next[i]! >= 0) this.add(i);
    for (let pair = 0; pair < this.counts.length; pair++) this.heap.push(this.counts[pair]!, pair);
  }

  learn(wanted: number, minFrequency: number, report: (share: number) => void): MergeList {
    const merges: MergeList = [];
    while (merges.length < wanted) {
      report(merges.length / wanted);
      const top = this.heap.pop();
      if (!top) break;
      const count = this.counts[top.pair]!;
      if (count !== top.count) {
        if (count > 0) this.heap.push(count, top.pair); // it has become rarer: to its new place
        continue;
      }
      if (count < minFrequency) break;
      merges.push([this.lefts[top.pair]!, this.rights[top.pair]!]);
      this.join(top.pair, 255 + merges.length);
    }
    return merges;
  }

  private join(pair: number, token: number): void {
    const left = this.lefts[pair]!;
    const right = this.rights[pair]!;
    const { tokens, next, previous } = this;
    const touched = new Set<number>();
    for (const at of this.places[pair]!) {
      const after = next[at]!;
      if (tokens[at] !== left || after < 0 || tokens[after] !== right) continue;
      const before = previous[at]!;
      const beyond = next[after]!;
      if (before >= 0) this.remove(before);
      if (beyond >= 0) this.remove(after);
      tokens[at] = token;
      tokens[after] = NO_TOKEN;
      next[at] = beyond;
      if (beyond >= 0) previous[beyond] = at;
      if (before >= 0) touched.add(this.add(before));
      if (beyond >= 0) touched.add(this.add(at));
    }
    this.counts[pair] = 0;
    this.places[pair] = [];
    for (const changed of touched) {
      if (this.counts[changed]! > 0) this.heap.push(this.counts[changed]!, changed);
    }
  }

  /** Counts the pair that starts at a place; returns it. */
  private add(at: number): number {
    const left = this.tokens[at]!;
    const right = this.tokens[this.next[at]!]!;
    let pair = this.pairs.get(left, right);
    if (pair === undefined) {
      pair = this.counts.push(0) - 1;
      this.lefts.push(left);
      this.rights.push(right);
      this.places.push([]);
      this.pairs.set(left, right, pair);
    }
    this.counts[pair]! += this.countAt[at]!;
    this.places[pair]!.push(at);
    return pair;
  }

  private remove(at: number): void {
    const pair = this.pairs.get(this.tokens[at]!, this.tokens[this.next[at]!]!)!;
    this.counts[pair]! -= this.countAt[at]!;
  }
}

/** Pairs, the most frequent first, and among equals the one that was met first. */
class PairQueue {
  private readonly items: { count: number; pair: number }[] = [];

  push(count: number, pair: number): void {
    const { items } = this;
    const item = { count, pair };
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(item, items[parent]!)) break;
      items[i] = items[parent]!;
      i = parent;
    }
    items[i] = item;
  }

  pop(): { count: number; pair: number } | undefined {
    const { items } = this;
    const top = items[0];
    const item = items.pop();
    if (!item || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++;
      if (!before(items[child]!, item)) break;
      items[i] = items[child]!;
      i = child;
    }
    items[i] = item;
    return top;
  }
}

function before(a: { count: number; pair: number }, b: { count: number; pair: number }): boolean {
  return a.count > b.count || (a.count === b.count && a.pair < b.pair);
}
