/**
 * The merging loop of byte-pair encoding: given the tokens of a word, one per byte, repeatedly join
 * the neighbouring pair of lowest rank (leftmost first among equals) until none can be joined.
 *
 * Sennrich, Haddow, Birch 2016, "Neural Machine Translation of Rare Words with Subword Units", §3.2.
 */

import { withRoom } from '../../util/grow.js';

/** No pair: ranks are below this. */
export const NO_MERGE = 0x7fffffff;

/** What may be joined: the rank of a pair (lower first) and the token that it becomes. */
export interface Merges {
  /** Rank of joining `left` and `right`, or `NO_MERGE`. */
  rank(left: number, right: number): number;
  /** The token that `left` and `right` become. Only asked where `rank` gave one. */
  join(left: number, right: number): number;
}

/**
 * Applies the merges to `tokens[0 … length)` in place and returns the new length.
 *
 * A word of up to 64 tokens is scanned for its best pair each time, which is quickest there; a longer
 * one uses a heap, so that a run of a million letters takes n log n, not n².
 */
export function applyMerges(tokens: Uint32Array, length: number, merges: Merges): number {
  return length <= 64 ? mergeShort(tokens, length, merges) : mergeLong(tokens, length, merges);
}

const shortRanks = new Int32Array(65);

function mergeShort(tokens: Uint32Array, start: number, merges: Merges): number {
  let length = start;
  const ranks = shortRanks; // ranks[i]: of the pair (i, i + 1)
  for (let i = 0; i + 1 < length; i++) ranks[i] = merges.rank(tokens[i]!, tokens[i + 1]!);
  while (length > 1) {
    let best = NO_MERGE;
    let at = -1;
    for (let i = 0; i + 1 < length; i++) {
      if (ranks[i]! < best) {
        best = ranks[i]!;
        at = i;
      }
    }
    if (at < 0) break;
    tokens[at] = merges.join(tokens[at]!, tokens[at + 1]!);
    length--;
    for (let i = at + 1; i < length; i++) {
      tokens[i] = tokens[i + 1]!;
      ranks[i] = ranks[i + 1]!;
    }
    if (at > 0) ranks[at - 1] = merges.rank(tokens[at - 1]!, tokens[at]!);
    if (at + 1 < length) ranks[at] = merges.rank(tokens[at]!, tokens[at + 1]!);
  }
  return length;
}

function mergeLong(tokens: Uint32Array, length: number, merges: Merges): number {
  // A doubly linked list over positions; a position that was joined into its left neighbour is dead.
  const next = new Int32Array(length);
  const previous = new Int32Array(length);
  const rankAt = new Int32Array(length).fill(NO_MERGE);
  for (let i = 0; i < length; i++) {
    next[i] = i + 1 < length ? i + 1 : -1;
    previous[i] = i - 1;
  }
  const heap = new PairHeap(length);
  const offer = (i: number): void => {
    const right = next[i]!;
    const rank = right < 0 ? NO_MERGE : merges.rank(tokens[i]!, tokens[right]!);
    rankAt[i] = rank;
    if (rank !== NO_MERGE) heap.push(rank, i);
  };
  for (let i = 0; i + 1 < length; i++) offer(i);
  while (heap.size > 0) {
    const { rank, position: i } = heap.pop();
    if (rankAt[i] !== rank) continue; // out of date: the pair changed, or its left token is dead
    const right = next[i]!;
    tokens[i] = merges.join(tokens[i]!, tokens[right]!);
    rankAt[right] = NO_MERGE;
    const after = next[right]!;
    next[i] = after;
    if (after >= 0) previous[after] = i;
    if (previous[i]! >= 0) offer(previous[i]!);
    offer(i);
  }
  let n = 0;
  for (let i = 0; i >= 0; i = next[i]!) tokens[n++] = tokens[i]!;
  return n;
}

/** A binary heap of (rank, position), least rank first and among equals the leftmost. */
class PairHeap {
  size = 0;
  /** rank · 2^21 + position would overflow 32 bits, so doubles hold rank · 2^22 + position. */
  private keys: Float64Array<ArrayBuffer>;
  private readonly scale = 2 ** 22;

  constructor(capacity: number) {
    this.keys = new Float64Array(Math.max(16, capacity));
    if (capacity > this.scale) this.scale = 2 ** Math.ceil(Math.log2(capacity));
  }

  push(rank: number, position: number): void {
    if (this.size === this.keys.length) {
      this.keys = withRoom(this.keys, this.size + 1);
    }
    const key = rank * this.scale + position;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.keys[parent]! <= key) break;
      this.keys[i] = this.keys[parent]!;
      i = parent;
    }
    this.keys[i] = key;
  }

  pop(): { rank: number; position: number } {
    const top = this.keys[0]!;
    const key = this.keys[--this.size]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.keys[child + 1]! < this.keys[child]!) child++;
      if (this.keys[child]! >= key) break;
      this.keys[i] = this.keys[child]!;
      i = child;
    }
    this.keys[i] = key;
    const rank = Math.floor(top / this.scale);
    return { rank, position: top - rank * this.scale };
  }
}
