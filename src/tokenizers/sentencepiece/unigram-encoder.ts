/**
 * Cuts text into pieces as a unigram model does: the path through the text whose pieces have the
 * highest sum of scores (Viterbi; Kudo 2018, "Subword Regularization", §3.2).
 *
 * Sums are rounded to single precision where the original rounds them, so that near ties fall alike.
 */

import { utf8Decoder } from '../support.js';
import { DoubleArray, NOWHERE, ROOT } from './double-array.js';
import { characterLength } from './normalizer.js';
import { PieceType } from './schema.js';
import type { IdSink, Segment, Segmenter, Vocabulary } from './vocabulary.js';

/** How much worse than the worst piece an unknown character is. */
const UNKNOWN_PENALTY = 10;
/** The least positive single-precision number, with which the original starts to look for the maximum. */
const LEAST_POSITIVE = 2 ** -126;

export class UnigramEncoder implements Segmenter {
  private readonly vocabulary: Vocabulary;
  private readonly trie: DoubleArray;
  private readonly unknownScore: number;
  private readonly maxScore: number;
  private readonly encoder = new TextEncoder();
  private readonly decoder = utf8Decoder();
  /** For each byte position: the best sum of a path that ends there, where its last piece starts, its id. */
  private best = new Float32Array(257);
  private starts = new Int32Array(257);
  private lastId = new Int32Array(257);

  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    const entries = [...vocabulary.ordinary]
      .filter(([piece]) => !piece.includes('\0'))
      .map(([piece, id]) => ({ key: this.encoder.encode(piece), id }));
    entries.sort((a, b) => Buffer.compare(a.key, b.key));
    this.trie = DoubleArray.build(
      entries.map((e) => e.key),
      entries.map((e) => e.id),
    );
    let min = Number.POSITIVE_INFINITY;
    let max = LEAST_POSITIVE;
    for (const [id, score] of vocabulary.scores.entries()) {
      if (vocabulary.types[id] !== PieceType.NORMAL) continue;
      min = Math.min(min, score);
      max = Math.max(max, score);
    }
    this.unknownScore = Math.fround(min - UNKNOWN_PENALTY);
    this.maxScore = max;
  }

  segment(normalized: string): Segment[] {
    const bytes = this.encoder.encode(normalized);
    return this.path(bytes).map(([from, to, id]) => ({
      text: this.decoder.decode(bytes.subarray(from, to)),
      id,
    }));
  }

  ids(normalized: string, out: IdSink): void {
    const { vocabulary } = this;
    const bytes = this.encoder.encode(normalized);
    for (const [from, to, id] of this.path(bytes)) {
      if (id !== vocabulary.unknownId || !vocabulary.byteFallback) out.push(id);
      else for (let i = from; i < to; i++) out.push(vocabulary.byteIds[bytes[i]!]!);
    }
  }

  /** The pieces of the best path: first byte, byte after the last, id. */
  private path(bytes: Uint8Array): [from: number, to: number, id: number][] {
    const size = bytes.length;
    this.reset(size);
    const { best, starts, lastId, trie, vocabulary } = this;
    for (let from = 0; from < size; ) {
      const length = Math.min(characterLength(bytes[from]!), size - from);
      const sum = best[from]!;
      let isCovered = false;
      let place = ROOT;
      for (let to = from; to < size; ) {
        place = trie.step(place, bytes[to++]!);
        if (place === NOWHERE) break;
        const id = trie.value(place);
        if (id === NOWHERE || vocabulary.types[id] === PieceType.UNUSED) continue;
        const candidate = this.score(id, to - from) + sum;
        if (starts[to]! < 0 || candidate > best[to]!) {
          best[to] = candidate;
          starts[to] = from;
          lastId[to] = id;
        }
        if (to - from === length) isCovered = true;
      }
      if (!isCovered) {
        const to = from + length;
        const candidate = Math.fround(this.unknownScore + sum);
        if (starts[to]! < 0 || candidate > best[to]!) {
          best[to] = candidate;
          starts[to] = from;
          lastId[to] = vocabulary.unknownId;
        }
      }
      from += length;
    }
    const path: [number, number, number][] = [];
    for (let to = size; to > 0; to = starts[to]!) path.push([starts[to]!, to, lastId[to]!]);
    return path.reverse();
  }

  /** A piece of the user's own is always worth taking. */
  private score(id: number, length: number): number {
    return this.vocabulary.types[id] === PieceType.USER_DEFINED
      ? Math.fround(length * this.maxScore) - 0.1
      : this.vocabulary.scores[id]!;
  }

  private reset(size: number): void {
    if (this.best.length <= size) {
      this.best = new Float32Array(size * 2 + 1);
      this.starts = new Int32Array(size * 2 + 1);
      this.lastId = new Int32Array(size * 2 + 1);
    }
    this.best[0] = 0;
    this.starts.fill(-1, 0, size + 1);
  }
}
