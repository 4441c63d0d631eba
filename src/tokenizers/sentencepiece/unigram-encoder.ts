/**
 * Cuts text into pieces as a unigram model does: the path through the text whose pieces have the
 * highest sum of scores (Viterbi; Kudo 2018, "Subword Regularization", §3.2).
 *
 * Sums are rounded to single precision where the original rounds them, so that near ties fall alike.
 */

import { withFreshRoom } from '../../util/grow.js';
import { utf8Decoder } from '../support.js';
import { DoubleArray, NOWHERE, ROOT } from './double-array.js';
import { PieceType } from './piece-type.js';
import { characterLength, compareBytes } from './utf8.js';
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
  private ends = new Int32Array(257);
  private bytes = new Uint8Array(1024);

  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    const entries = [...vocabulary.ordinary]
      .filter(([piece]) => !piece.includes('\0'))
      .map(([piece, id]) => ({ key: this.encoder.encode(piece), id }));
    entries.sort((a, b) => compareBytes(a.key, b.key));
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
    const { ends, starts, lastId } = this;
    const segments: Segment[] = [];
    for (let i = this.findPath(bytes, bytes.length) - 1; i >= 0; i--) {
      const to = ends[i]!;
      const text = this.decoder.decode(bytes.subarray(starts[to]!, to));
      segments.push({ text, id: lastId[to]! });
    }
    return segments;
  }

  ids(normalized: string, out: IdSink): void {
    const { byteFallback, unknownId, byteIds } = this.vocabulary;
    this.bytes = withFreshRoom(this.bytes, normalized.length * 3);
    const { bytes } = this;
    const size = this.encoder.encodeInto(normalized, bytes).written;
    const pieces = this.findPath(bytes, size);
    const { ends, starts, lastId } = this;
    for (let i = pieces - 1; i >= 0; i--) {
      const to = ends[i]!;
      const id = lastId[to]!;
      if (id !== unknownId || !byteFallback) out.push(id);
      else for (let b = starts[to]!; b < to; b++) out.push(byteIds[bytes[b]!]!);
    }
  }

  /** Finds the best path, leaves where its pieces end in `ends`, the last first; returns how many. */
  private findPath(bytes: Uint8Array, size: number): number {
    this.reset(size);
    const { best, starts, lastId, trie } = this;
    const { types, scores, unknownId } = this.vocabulary;
    for (let from = 0; from < size; ) {
      const length = Math.min(characterLength(bytes[from]!), size - from);
      const sum = best[from]!;
      let isCovered = false;
      let place = ROOT;
      for (let to = from; to < size; ) {
        place = trie.step(place, bytes[to++]!);
        if (place === NOWHERE) break;
        const id = trie.value(place);
        if (id === NOWHERE) continue;
        const type = types[id];
        if (type === PieceType.UNUSED) continue;
        // A piece of the user's own is always worth taking.
        const score =
          type === PieceType.USER_DEFINED
            ? Math.fround((to - from) * this.maxScore) - 0.1
            : scores[id]!;
        const candidate = score + sum;
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
          lastId[to] = unknownId;
        }
      }
      from += length;
    }
    const { ends } = this;
    let n = 0;
    for (let to = size; to > 0; to = starts[to]!) ends[n++] = to;
    return n;
  }

  private reset(size: number): void {
    this.best = withFreshRoom(this.best, size + 1);
    this.starts = withFreshRoom(this.starts, size + 1);
    this.lastId = withFreshRoom(this.lastId, size + 1);
    this.ends = withFreshRoom(this.ends, size + 1);
    this.best[0] = 0;
    this.starts.fill(-1, 0, size + 1);
  }
}
