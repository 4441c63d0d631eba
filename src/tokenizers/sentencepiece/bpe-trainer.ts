/**
 * Learns the pieces of a BPE vocabulary: the most frequent pair of neighbours becomes one symbol, over
 * and over (Sennrich, Haddow, Birch 2016, §3.2), exactly as the original chooses.
 *
 * What the original does beyond the textbook, and this does likewise:
 * - A pair's frequency is computed when it is looked at, and again only after a merge beside one of its
 *   places has reset it.
 * - Candidates are not all pairs: every hundred pieces the most frequent twentieth (1,000 at least) is
 *   chosen anew, and pairs that come up in between join it. Which of the equally frequent ones are
 *   chosen follows from the order of its hash table and from libstdc++'s `partial_sort`.
 * - Among candidates of the same frequency the shorter wins, then the one whose bytes sort first.
 * - A pair that spells a piece which is there already is dropped without merging.
 * - Pairs that no longer occur (frequency 0) are pieces as well, once nothing better is left. That is
 *   why a large vocabulary holds the intermediate forms of long words.
 *
 * Of two pairs that spell the same piece and are equally frequent, the older is joined. The original takes
 * the one that lies lower in its memory, nearly always the older as well: one vocabulary in some hundreds,
 * of texts in which everything is a tie, is another there.
 *
 * The original scans all candidates for each piece; here they wait in a heap.
 */

import { withFreshRoom, withRoom } from '../../util/grow.js';
import { PairIndex } from '../pair-index.js';
import { CandidateHeap } from './candidate-heap.js';
import { BOUNDARY, type Corpus, SPACE, UNKNOWN } from './corpus.js';
import { MostFrequent } from './partial-sort.js';
import { pieceRules } from './piece-rules.js';
import type { TrainerSettings } from './spec.js';
import { CHARACTER, SymbolTable } from './symbols.js';

const UPDATE_INTERVAL = 100;
const LEAST_CANDIDATES = 1000;
const TOP_RATIO = Math.fround(0.05);

/** In the text: no symbol starts here (the rest of a merged one), or a word ends. */
const INSIDE = -1;
const BREAK = -2;

/** What was learnt. */
export interface Learnt {
  /** The pieces in order, as UTF-8 bytes in strings. */
  pieces: string[];
  /** How often two pairs that spell the same piece were equally frequent, and the best. */
  ties: number;
}

/** Learns at most `wanted` pieces. */
export function trainPieces(
  corpus: Corpus,
  wanted: number,
  settings: TrainerSettings,
  report: (share: number) => void,
): Learnt {
  return new Training(corpus, settings).run(wanted, report);
}

class Training {
  private readonly table = new SymbolTable();
  private readonly encoder = new TextEncoder();
  private readonly pairs = new PairIndex();
  private readonly heap: CandidateHeap;
  /** Which update of the candidates a symbol is in; equal to `generation` where it is one. */
  private candidateOf = new Int32Array(1024);
  private generation = 0;
  /** Candidates whose frequency must be computed before the next choice. */
  private dirty: number[] = [];
  /** Room for the candidates, while they are chosen. */
  private chosen = new Int32Array(LEAST_CANDIDATES);

  /** The text, a symbol at each place where one starts. Words are separated by a `BREAK`. */
  private readonly symbolAt: Int32Array;
  /** At the last place of a symbol: where it starts. */
  private readonly startAt: Int32Array;
  /** The character (as a symbol) at each place, which never changes. */
  private readonly characterAt: Int32Array;
  private readonly countAt: Float64Array;
  private readonly unknown: number;
  private readonly isPiece: ReturnType<typeof pieceRules>;

  /** Places of each pair: a list per symbol, in the order of the text. */
  private firstPlace = new Int32Array(1024).fill(-1);
  private lastPlace = new Int32Array(1024).fill(-1);
  private placeOf: Int32Array<ArrayBuffer>;
  private nextPlace: Int32Array<ArrayBuffer>;
  private places = 0;

  constructor(corpus: Corpus, settings: TrainerSettings) {
    this.heap = new CandidateHeap(this.table);
    let size = 1;
    for (const word of corpus.words) size += word.length + 1;
    this.symbolAt = new Int32Array(size).fill(BREAK);
    this.startAt = new Int32Array(size);
    this.characterAt = new Int32Array(size);
    this.countAt = new Float64Array(size);
    this.placeOf = new Int32Array(size);
    this.nextPlace = new Int32Array(size);
    const points = this.layOut(corpus);
    this.unknown = points.indexOf(UNKNOWN.codePointAt(0)!);
    this.isPiece = pieceRules(points, settings);
  }

  /** Writes the words into the text and returns the code point of each character's symbol. */
  private layOut(corpus: Corpus): number[] {
    const symbolOf = new Int32Array(0x110000).fill(-1);
    const points: number[] = [];
    let at = 1;
    for (const [index, word] of corpus.words.entries()) {
      const count = corpus.counts[index]!;
      for (let i = 0; i < word.length; i++) {
        const point = word.codePointAt(i)!;
        if (point > 0xffff) i++;
        if (symbolOf[point] === -1) {
          const text = String.fromCharCode(...this.encoder.encode(String.fromCodePoint(point)));
          symbolOf[point] = this.table.addCharacter(point, text);
          points.push(point);
        }
        this.characterAt[at] = this.symbolAt[at] = symbolOf[point]!;
        this.startAt[at] = at;
        this.countAt[at] = count;
        at++;
      }
      at++;
    }
    return points;
  }

  run(wanted: number, report: (share: number) => void): Learnt {
    const { symbolAt } = this;
    for (let at = 1; at + 1 < symbolAt.length; at++) this.addPair(at, at + 1);
    const pieces: string[] = [];
    const seen = new Set<string>();
    while (pieces.length < wanted) {
      if (pieces.length % UPDATE_INTERVAL === 0) {
        this.chooseCandidates();
        report(pieces.length / wanted);
      }
      for (const symbol of this.dirty) this.offer(symbol);
      this.dirty.length = 0;
      const best = this.heap.pop((symbol) => this.candidateOf[symbol] === this.generation);
      if (best < 0) break;
      const text = this.table.text[best]!;
      if (!seen.has(text)) {
        seen.add(text);
        pieces.push(text);
        this.merge(best);
      }
      this.pairs.forget(this.table.left[best]!, this.table.right[best]!);
      this.table.remove(best);
      this.candidateOf[best] = 0;
    }
    return { pieces, ties: this.heap.ties };
  }

  /** Chooses the most frequent pairs of all as candidates. */
  private chooseCandidates(): void {
    const { table } = this;
    const { frequency } = table;
    const share = Math.trunc(Math.fround(Math.fround(table.size) * TOP_RATIO));
    const wanted = Math.max(LEAST_CANDIDATES, share);
    this.chosen = withFreshRoom(this.chosen, wanted);
    const { chosen } = this;
    const best = new MostFrequent(chosen, wanted, frequency);
    table.forEach((symbol) => {
      if (frequency[symbol] === 0) this.computeFrequency(symbol);
      if (frequency[symbol] !== CHARACTER) best.offer(symbol);
    });
    this.generation++;
    this.dirty.length = 0;
    this.heap.clear();
    for (let i = 0; i < best.count; i++) {
      const symbol = chosen[i]!;
      this.candidateOf[symbol] = this.generation;
      this.heap.push(symbol);
    }
  }

  private offer(symbol: number): void {
    if (this.candidateOf[symbol] !== this.generation) return;
    if (this.table.frequency[symbol] === 0) this.computeFrequency(symbol);
    this.heap.push(symbol);
  }

  /** Joins the symbol's halves wherever they stand side by side. */
  private merge(best: number): void {
    const { table, symbolAt, startAt } = this;
    const leftLength = table.length[table.left[best]!]!;
    const length = table.length[best]!;
    for (let p = this.firstPlace[best]!; p >= 0; p = this.nextPlace[p]!) {
      const left = this.placeOf[p]!;
      if (symbolAt[left] === INSIDE) continue; // of two that overlap ("aaa") the first was joined
      const right = left + leftLength;
      const next = left + length;
      const before = left - 1;
      const previous = symbolAt[before] === BREAK ? -1 : startAt[before]!;
      if (previous >= 0) this.resetFrequency(previous, left, best);
      if (symbolAt[next]! >= 0) this.resetFrequency(right, next, best);
      symbolAt[left] = best;
      symbolAt[right] = INSIDE;
      startAt[next - 1] = left;
      if (previous >= 0) this.addPair(previous, left);
      if (symbolAt[next]! >= 0) this.addPair(left, next);
    }
  }

  /** The pair of the symbols at two places; -1 where they may not become one. */
  private pairAt(left: number, right: number): number {
    const a = this.symbolAt[left]!;
    const b = this.symbolAt[right]!;
    if (a < 0 || b < 0 || a === this.unknown || b === this.unknown) return -1;
    const known = this.pairs.get(a, b);
    if (known !== undefined) return known;
    const length = this.table.length[a]! + this.table.length[b]!;
    const symbol = this.isPiece(this.characterAt, left, length) ? this.table.addPair(a, b) : -1;
    this.pairs.set(a, b, symbol);
    // Characters are symbols too, without places: a pair's number may be far beyond the last pair's.
    if (symbol >= this.firstPlace.length) this.widen(symbol + 1);
    return symbol;
  }

  private addPair(left: number, right: number): void {
    const symbol = this.pairAt(left, right);
    if (symbol < 0) return;
    if (this.candidateOf[symbol] !== this.generation) {
      this.candidateOf[symbol] = this.generation;
      this.dirty.push(symbol);
    } else if (this.table.frequency[symbol] === 0) {
      this.dirty.push(symbol);
    }
    const p = this.places++;
    if (p === this.placeOf.length) {
      this.placeOf = withRoom(this.placeOf, p + 1);
      this.nextPlace = withRoom(this.nextPlace, p + 1);
    }
    this.placeOf[p] = left;
    this.nextPlace[p] = -1;
    const last = this.lastPlace[symbol]!;
    if (last < 0) this.firstPlace[symbol] = p;
    else this.nextPlace[last] = p;
    this.lastPlace[symbol] = p;
  }

  private resetFrequency(left: number, right: number, best: number): void {
    const symbol = this.pairAt(left, right);
    if (symbol < 0 || symbol === best) return;
    if (this.table.frequency[symbol] !== 0) {
      this.table.frequency[symbol] = 0;
      this.dirty.push(symbol);
    }
  }

  /** Counts a pair's places, dropping those where it no longer stands and the second of two that overlap. */
  private computeFrequency(symbol: number): void {
    const { table, symbolAt, placeOf, nextPlace } = this;
    const left = table.left[symbol]!;
    const right = table.right[symbol]!;
    const leftLength = table.length[left]!;
    let frequency = 0;
    let previousRight = -1;
    let kept = -1;
    for (let p = this.firstPlace[symbol]!; p >= 0; p = nextPlace[p]!) {
      const at = placeOf[p]!;
      const stands = symbolAt[at] === left && symbolAt[at + leftLength] === right;
      if (!stands || at === previousRight) {
        previousRight = -1; // in "aaaa" the last pair counts again
        if (kept < 0) this.firstPlace[symbol] = nextPlace[p]!;
        else nextPlace[kept] = nextPlace[p]!;
        continue;
      }
      frequency += this.countAt[at]!;
      previousRight = at + leftLength;
      kept = p;
    }
    this.lastPlace[symbol] = kept;
    table.frequency[symbol] = frequency;
  }

  private widen(symbols: number): void {
    this.firstPlace = withRoom(this.firstPlace, symbols, -1);
    this.lastPlace = withRoom(this.lastPlace, symbols, -1);
    this.candidateOf = withRoom(this.candidateOf, symbols);
  }
}

export { BOUNDARY, SPACE };
