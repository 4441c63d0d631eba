/**
 * Cuts text into pieces as a BPE model does: from characters on, the two neighbours that make the piece
 * of the best score are joined, the leftmost first, until none can be.
 *
 * Kudo, Richardson 2018, "SentencePiece"; Sennrich, Haddow, Birch 2016, §3.2.
 */

import { withFreshRoom } from '../../util/grow.js';
import { applyMerges, type Merges, NO_MERGE } from '../bytes/merge.js';
import { PairIndex } from '../pair-index.js';
import type { MergeStep } from '../tokenizer.js';
import { PieceType } from './piece-type.js';
import type { IdSink, Segment, Segmenter, Vocabulary } from './vocabulary.js';

const SPACE = '\u2581';
/** Maximum number of cached words, and the longest worth caching. */
const CACHE_WORDS = 1 << 18;
const CACHE_LENGTH = 64;
/** Unknown characters and other strings outside the vocabulary that get a number of their own. */
const MOST_STRANGERS = 1 << 18;

export class BpeEncoder implements Segmenter {
  private readonly vocabulary: Vocabulary;
  /** Where a text may be cut before anything is joined, since no piece crosses. */
  private readonly words: RegExp | undefined;
  private readonly own: RegExp | undefined;
  private readonly frozen: Uint8Array;
  private readonly ranks: Int32Array;
  /** The rank of the piece that was learnt first. */
  private readonly firstRank: number;
  private readonly merges: Merges;
  private pairs = new PairIndex();
  /** Strings that are no piece, numbered from the vocabulary's size on. */
  private strangers: string[] = [];
  private strangerIds = new Map<string, number>();
  private cache = new Map<string, number | Uint32Array>();
  private work = new Uint32Array(256);
  /** What an unused piece was last seen to consist of. */
  private readonly halves = new Map<number, readonly [number, number]>();
  private readonly encoder = new TextEncoder();

  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    this.words = wordsOf(vocabulary);
    const own = [...vocabulary.userDefined].sort((a, b) => b.length - a.length);
    const quoted = own.map((s) => s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
    this.own = own.length > 0 ? new RegExp(`${quoted.join('|')}|[^]`, 'gu') : undefined;
    this.frozen = vocabulary.types.map((type) => (type === PieceType.USER_DEFINED ? 1 : 0));
    this.ranks = ranksOf(vocabulary.scores);
    this.firstRank = this.ranks.reduce(
      (least, rank, id) =>
        vocabulary.types[id] === PieceType.NORMAL ? Math.min(least, rank) : least,
      NO_MERGE,
    );
    this.merges = { rank: (l, r) => this.rank(l, r), join: (l, r) => this.join(l, r) };
  }

  segment(normalized: string): Segment[] {
    const segments: Segment[] = [];
    for (const symbol of this.symbols(normalized)) {
      const text = this.spelling(symbol);
      segments.push({ text, id: this.vocabulary.idOf(text) });
    }
    return segments;
  }

  ids(normalized: string, out: IdSink): void {
    const { words } = this;
    if (!words) {
      this.wordIds(normalized, out);
      return;
    }
    words.lastIndex = 0;
    let from = 0;
    while (from < normalized.length && words.test(normalized)) {
      const word = normalized.slice(from, words.lastIndex);
      from = words.lastIndex;
      const known = this.cache.get(word);
      if (typeof known === 'number') out.push(known);
      else if (known) for (let i = 0; i < known.length; i++) out.push(known[i]!);
      else this.wordIds(word, out);
    }
  }

  /** The merges that normalised text goes through. A model of 2,000 merges has ranks 0 … 1,999. */
  mergeSteps(normalized: string): MergeStep[] {
    const steps: MergeStep[] = [];
    const tokens = Uint32Array.from(this.characters(normalized), (symbol) => this.idOf(symbol));
    applyMerges(tokens, tokens.length, {
      rank: (left, right) => this.rank(left, right),
      join: (left, right) => {
        const rank = this.rank(left, right) - this.firstRank;
        steps.push({ left: this.spelling(left), right: this.spelling(right), rank });
        return this.join(left, right);
      },
    });
    this.halves.clear();
    return steps;
  }

  /** Characters, and pieces of the user's own. */
  private characters(text: string): string[] {
    return this.own ? Array.from(text.matchAll(this.own), ([symbol]) => symbol) : [...text];
  }

  private wordIds(word: string, out: IdSink): void {
    const { vocabulary } = this;
    const ids: number[] = [];
    for (const symbol of this.symbols(word)) {
      const id = symbol < vocabulary.size ? symbol : vocabulary.idOf(this.spelling(symbol));
      if (id !== vocabulary.unknownId || !vocabulary.byteFallback) ids.push(id);
      else {
        for (const byte of this.encoder.encode(this.spelling(symbol))) {
          ids.push(vocabulary.byteIds[byte]!);
        }
      }
    }
    for (const id of ids) out.push(id);
    if (!this.words || word.length > CACHE_LENGTH) return;
    if (this.cache.size >= CACHE_WORDS) this.cache = new Map();
    this.cache.set(word, ids.length === 1 ? ids[0]! : Uint32Array.from(ids));
  }

  /** The symbols that the text becomes: pieces by id, other strings by their own number. */
  private symbols(text: string): Uint32Array | number[] {
    if (this.strangers.length > MOST_STRANGERS) {
      this.strangers = [];
      this.strangerIds = new Map();
      this.pairs = new PairIndex();
    }
    this.work = withFreshRoom(this.work, text.length);
    const { work } = this;
    let n = 0;
    if (this.own) for (const [symbol] of text.matchAll(this.own)) work[n++] = this.idOf(symbol);
    else for (const character of text) work[n++] = this.idOf(character);
    const length = applyMerges(work, n, this.merges);
    const symbols = work.subarray(0, length);
    if (!this.vocabulary.hasUnused) return symbols;
    const out: number[] = [];
    for (const symbol of symbols) this.takeApart(symbol, out);
    this.halves.clear();
    return out;
  }

  /** An unused piece is given up again for what it was joined from. */
  private takeApart(symbol: number, out: number[]): void {
    const halves = this.vocabulary.types[symbol] === PieceType.UNUSED && this.halves.get(symbol);
    if (!halves) {
      out.push(symbol);
      return;
    }
    this.takeApart(halves[0], out);
    this.takeApart(halves[1], out);
  }

  private idOf(text: string): number {
    const id = this.vocabulary.ordinary.get(text) ?? this.strangerIds.get(text);
    if (id !== undefined) return id;
    const stranger = this.vocabulary.size + this.strangers.push(text) - 1;
    this.strangerIds.set(text, stranger);
    return stranger;
  }

  private spelling(symbol: number): string {
    const { size, pieces } = this.vocabulary;
    return symbol < size ? pieces[symbol]! : this.strangers[symbol - size]!;
  }

  private rank(left: number, right: number): number {
    let id = this.pairs.get(left, right);
    if (id === undefined) {
      const apart = this.frozen[left] === 1 || this.frozen[right] === 1;
      const joined = this.spelling(left) + this.spelling(right);
      id = apart ? -1 : (this.vocabulary.ordinary.get(joined) ?? -1);
      this.pairs.set(left, right, id);
    }
    if (id < 0) return NO_MERGE;
    if (this.vocabulary.types[id] === PieceType.UNUSED) this.halves.set(id, [left, right]);
    return this.ranks[id]!;
  }

  private join(left: number, right: number): number {
    return this.pairs.get(left, right)!;
  }
}

/** Scores as ranks: 0 is the best; equal scores have equal ranks. */
function ranksOf(scores: Float32Array): Int32Array {
  const distinct = [...new Set(scores)].sort((a, b) => b - a);
  const rank = new Map(distinct.map((score, i) => [score, i]));
  return Int32Array.from(scores, (score) => rank.get(score)!);
}

/**
 * A pattern of words such that no piece holds characters of two of them: where white space begins a
 * word (or, with pieces that end in white space, where it ends one).
 */
function wordsOf(vocabulary: Vocabulary): RegExp | undefined {
  if (vocabulary.hasUnused) return undefined;
  const pieces = [...vocabulary.ordinary.keys()];
  const spaceAfter = new RegExp(`[^${SPACE}]${SPACE}`);
  if (!pieces.some((piece) => spaceAfter.test(piece))) {
    return new RegExp(`${SPACE}+[^${SPACE}]*|[^${SPACE}]+`, 'g');
  }
  const spaceBefore = new RegExp(`${SPACE}[^${SPACE}]`);
  if (!pieces.some((piece) => spaceBefore.test(piece))) {
    return new RegExp(`[^${SPACE}]*${SPACE}+|[^${SPACE}]+`, 'g');
  }
  return undefined;
}
