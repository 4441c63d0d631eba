/**
 * Unigram: of all ways to cut a word into pieces the one whose scores add up to most (Kudo 2018,
 * "Subword Regularization", §3.2), by dynamic programming from left to right.
 */

import { withFreshRoom } from '../../util/grow.js';
import type { Fields } from './fields.js';
import { Trie } from './trie.js';
import {
  bytesOf,
  type EncodeWord,
  idIn,
  inexpressible,
  remembering,
  type Vocabulary,
} from './vocabulary.js';

/** How much less than the rarest piece an unknown character is worth. */
const UNKNOWN_PENALTY = 10;

export function unigram(fields: Fields, vocabulary: Vocabulary): EncodeWord {
  const pieces = fields.list('vocab') as [string, number][];
  const scores = Float64Array.from(pieces, ([, score]) => score);
  const unknown = unknownOf(fields, pieces.length);
  const byteFallback = fields.flag('byte_fallback', false);
  const trie = new Trie();
  let unknownScore = Number.POSITIVE_INFINITY;
  for (const [id, [piece, score]] of pieces.entries()) {
    if (piece !== '') trie.add(piece, id);
    unknownScore = Math.min(unknownScore, score);
  }
  unknownScore -= UNKNOWN_PENALTY;
  const path = new Path();

  /** Finds the best path; -1 stands for a character that no piece has. */
  const findPath = (word: string, special: boolean): void => {
    path.reset(word.length);
    const { best, starts, ids } = path;
    for (let from = 0; from < word.length; ) {
      const length = word.codePointAt(from)! > 0xffff ? 2 : 1;
      let isCovered = false;
      for (let node = 0, to = from; to < word.length; ) {
        node = trie.step(node, word.charCodeAt(to++));
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0 || (!special && vocabulary.specials.has(id))) continue;
        const sum = best[from]! + scores[id]!;
        if (starts[to]! < 0 || sum > best[to]!) {
          best[to] = sum;
          starts[to] = from;
          ids[to] = id;
        }
        if (to - from === length) isCovered = true;
      }
      const to = from + length;
      const sum = best[from]! + unknownScore;
      if (!isCovered && (starts[to]! < 0 || sum > best[to]!)) {
        best[to] = sum;
        starts[to] = from;
        ids[to] = -1;
      }
      from = to;
    }
  };

  const unknownIds = (text: string): number[] => {
    const bytes = byteFallback ? bytesOf(text, vocabulary) : undefined;
    return bytes ?? [unknown ?? inexpressible(vocabulary, text)];
  };

  return remembering((word, special) => {
    findPath(word, special);
    const { starts, ids } = path;
    const isUnknown = (to: number) => ids[to] === -1 || ids[to] === unknown;
    const out: number[] = [];
    for (let to = word.length; to > 0; ) {
      const end = to;
      const id = ids[to]!;
      to = starts[to]!;
      if (!isUnknown(end)) {
        out.push(id);
        continue;
      }
      // Unknown characters that stand together are one.
      while (to > 0 && isUnknown(to)) to = starts[to]!;
      const text = word.slice(to, end);
      const whole = idIn(vocabulary, text, special);
      for (const one of (whole === undefined ? unknownIds(text) : [whole]).reverse()) out.push(one);
    }
    return out.reverse();
  });
}

function unknownOf(fields: Fields, size: number): number | undefined {
  const id = fields.take('unk_id');
  if (id === undefined) return undefined;
  const isId = typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < size;
  return isId
    ? id
    : fields.refuse('unk_id', `a whole number below ${size}, the vocabulary's size`, id);
}

/** For each place in a word: the best sum of a path that ends there, where its last piece starts, its id. */
class Path {
  best = new Float64Array(256);
  starts = new Int32Array(256);
  ids = new Int32Array(256);

  reset(length: number): void {
    this.best = withFreshRoom(this.best, length + 1);
    this.starts = withFreshRoom(this.starts, length + 1);
    this.ids = withFreshRoom(this.ids, length + 1);
    this.best[0] = 0;
    this.starts.fill(-1, 0, length + 1);
  }
}
