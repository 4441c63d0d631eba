/**
 * The pairs that a BPE training knows, and the order in which the original would meet them.
 *
 * Among pairs that are equally frequent, the original keeps as candidates those that its hash table
 * happens to yield first. To choose the same pieces, that order must be the same too. The table is the
 * C++ standard library's (libstdc++'s `unordered_map`) over a 64-bit fingerprint of each symbol: a
 * singly linked list, cut into buckets by the fingerprint modulo a prime. A node goes to the front of
 * its bucket, or, where the bucket is empty, to the front of the whole list. This file is that table,
 * with the symbols' other properties beside it, as columns of numbers.
 */

import { withRoom } from '../../util/grow.js';

/** Bucket counts through which the table grows. */
const BUCKETS = [
  1, 13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10273, 20753, 42043, 85229, 172933, 351061,
  712697, 1447153, 2938679, 5967347, 12117689, 24607243, 49969847, 101473717,
];
/** The place before the first node; node n is n + 1. */
const FRONT = 0;
const NONE = -1;
export const CHARACTER = -1;

export class SymbolTable {
  /** Symbols ever made; ids are below it. */
  count = 0;
  /** Symbols in the table now. */
  size = 0;
  left = new Int32Array(1024);
  right = new Int32Array(1024);
  /** Characters in the symbol. */
  length = new Int32Array(1024);
  /** How often it occurs; 0 while that is to be counted, `CHARACTER` for what is no pair. */
  frequency = new Float64Array(1024);
  /** UTF-8 bytes of the symbol, one per UTF-16 unit: such strings compare as bytes do. */
  readonly text: string[] = [];
  private high = new Uint32Array(1024);
  private low = new Uint32Array(1024);
  /** The list: next[p] is the place after place p. */
  private next = new Int32Array(1024).fill(NONE);
  /** bucket → the place before its first node. */
  private buckets = new Int32Array(1).fill(NONE);
  private growth = 0;
  /** Symbols beyond which the table grows. */
  private room = 0;

  /** A symbol of one character, whose fingerprint is its code point. */
  addCharacter(point: number, text: string): number {
    const symbol = this.add(NONE, NONE, 1, text, 0, point);
    this.frequency[symbol] = CHARACTER;
    return symbol;
  }

  addPair(left: number, right: number): number {
    const length = this.length[left]! + this.length[right]!;
    fingerprint(this.high[left]!, this.low[left]!, this.high[right]!, this.low[right]!);
    const text = this.text[left]! + this.text[right]!;
    return this.add(left, right, length, text, mixedHigh, mixedLow);
  }

  /** Takes a symbol out of the table; its columns stay. */
  remove(symbol: number): void {
    const { next, buckets } = this;
    const place = symbol + 1;
    const bucket = this.bucketOf(place);
    let before = buckets[bucket]!;
    while (next[before] !== place) before = next[before]!;
    const after = next[place]!;
    const afterBucket = after === NONE ? -1 : this.bucketOf(after);
    if (before === buckets[bucket]) {
      if (afterBucket !== bucket) {
        if (after !== NONE) buckets[afterBucket] = before;
        buckets[bucket] = NONE;
      }
    } else if (after !== NONE && afterBucket !== bucket) {
      buckets[afterBucket] = before;
    }
    next[before] = after;
    this.size--;
  }

  /** Each symbol in the table, in its order. */
  forEach(visit: (symbol: number) => void): void {
    const { next } = this;
    for (let place = next[FRONT]!; place !== NONE; place = next[place]!) visit(place - 1);
  }

  private add(
    left: number,
    right: number,
    length: number,
    text: string,
    high: number,
    low: number,
  ): number {
    const symbol = this.count++;
    if (symbol >= this.left.length) this.widen(symbol + 1);
    this.next = withRoom(this.next, symbol + 2, NONE);
    this.left[symbol] = left;
    this.right[symbol] = right;
    this.length[symbol] = length;
    this.high[symbol] = high;
    this.low[symbol] = low;
    this.text.push(text);
    if (this.size + 1 > this.room) this.rehash();
    const place = symbol + 1;
    this.link(place, this.bucketOf(place));
    this.size++;
    return symbol;
  }

  private link(place: number, bucket: number): void {
    const { next, buckets } = this;
    const before = buckets[bucket]!;
    if (before !== NONE) {
      next[place] = next[before]!;
      next[before] = place;
      return;
    }
    const first = next[FRONT]!;
    next[place] = first;
    next[FRONT] = place;
    if (first !== NONE) buckets[this.bucketOf(first)] = place;
    buckets[bucket] = FRONT;
  }

  private rehash(): void {
    const size = BUCKETS[++this.growth]!;
    let place = this.next[FRONT]!;
    this.buckets = new Int32Array(size).fill(NONE);
    this.room = size;
    this.next[FRONT] = NONE;
    while (place !== NONE) {
      const after = this.next[place]!;
      this.link(place, this.bucketOf(place));
      place = after;
    }
  }

  /** Fingerprint modulo the number of buckets; exact, as every step stays below 2^53. */
  private bucketOf(place: number): number {
    const n = this.buckets.length;
    const symbol = place - 1;
    const high = this.high[symbol]! % n;
    // high · 2^32 would be too large for many buckets, so it is brought in by 16 bits at a time.
    const upper = (high * 65536) % n;
    return (((upper * 65536) % n) + (this.low[symbol]! % n)) % n;
  }

  private widen(symbols: number): void {
    this.left = withRoom(this.left, symbols);
    this.right = withRoom(this.right, symbols);
    this.length = withRoom(this.length, symbols);
    this.frequency = withRoom(this.frequency, symbols);
    this.high = withRoom(this.high, symbols);
    this.low = withRoom(this.low, symbols);
  }
}

let mixedHigh = 0;
let mixedLow = 0;

/** Constant of the fingerprint of a pair. */
const SALT_HIGH = 0xe08c1d66;
const SALT_LOW = 0x8b756f82;
/** The rounds: how far, and which way, the third operand is shifted before it is mixed in. */
const SHIFTS = [-43, 9, -8, -38, 23, -5, -35, 49, -11, -12, 18, -22];

/**
 * Fingerprint of a pair from those of its halves, into `mixedHigh` and `mixedLow`: Bob Jenkins' mixing
 * of three 64-bit numbers (the left, a constant, the right), of which the third is the result.
 */
function fingerprint(leftHigh: number, leftLow: number, rightHigh: number, rightLow: number): void {
  let aHigh = leftHigh;
  let aLow = leftLow;
  let bHigh = SALT_HIGH;
  let bLow = SALT_LOW;
  let cHigh = rightHigh;
  let cLow = rightLow;
  for (let round = 0; round < 12; round++) {
    // a ← (a − b − c) xor (c shifted), then the three change places: (a, b, c) ← (b, c, a).
    const low1 = aLow - bLow;
    const low2 = (low1 >>> 0) - cLow;
    const borrow = (low1 < 0 ? 1 : 0) + (low2 < 0 ? 1 : 0);
    let high = (aHigh - bHigh - cHigh - borrow) >>> 0;
    let low = low2 >>> 0;
    const shift = SHIFTS[round]!;
    let shiftedHigh: number;
    let shiftedLow: number;
    if (shift <= -32) {
      shiftedHigh = 0;
      shiftedLow = cHigh >>> (-shift - 32);
    } else if (shift < 0) {
      shiftedHigh = cHigh >>> -shift;
      shiftedLow = (cLow >>> -shift) | (cHigh << (32 + shift));
    } else if (shift < 32) {
      shiftedHigh = (cHigh << shift) | (cLow >>> (32 - shift));
      shiftedLow = cLow << shift;
    } else {
      shiftedHigh = cLow << (shift - 32);
      shiftedLow = 0;
    }
    high = (high ^ shiftedHigh) >>> 0;
    low = (low ^ shiftedLow) >>> 0;
    aHigh = bHigh;
    aLow = bLow;
    bHigh = cHigh;
    bLow = cLow;
    cHigh = high;
    cLow = low;
  }
  mixedHigh = cHigh;
  mixedLow = cLow;
}
