/** Models that look words up, whole (WordLevel) or by their longest pieces (WordPiece). */

import type { Fields } from './fields.js';
import { Trie } from './trie.js';
import {
  type EncodeWord,
  idIn,
  inexpressible,
  remembering,
  type Vocabulary,
} from './vocabulary.js';

export function wordLevel(fields: Fields, vocabulary: Vocabulary): EncodeWord {
  const unknown = unknownOf(fields, vocabulary, '<unk>');
  return (word, special, out) => {
    out.push(idIn(vocabulary, word, special) ?? unknown ?? inexpressible(vocabulary, word));
  };
}

/** Wu et al. 2016, §4.1: the longest piece that begins the word, then the longest that goes on from there. */
export function wordPiece(fields: Fields, vocabulary: Vocabulary): EncodeWord {
  const unknown = unknownOf(fields, vocabulary, '[UNK]');
  const prefix = fields.text('continuing_subword_prefix', '##');
  const most = fields.count('max_input_chars_per_word', 100);
  /** Pieces that begin a word, and, without their prefix, those that go on. */
  const first = new Trie();
  const later = new Trie();
  for (const [token, id] of vocabulary.ids) {
    first.add(token, id);
    if (token.startsWith(prefix)) later.add(token.slice(prefix.length), id);
  }
  const cut = (word: string, special: boolean): number[] | undefined => {
    const pieces: number[] = [];
    for (let start = 0; start < word.length; ) {
      const trie = start === 0 ? first : later;
      let best = -1;
      let end = start;
      for (let node = 0, i = start; i < word.length; ) {
        node = trie.step(node, word.charCodeAt(i++));
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0 || (!special && vocabulary.specials.has(id))) continue;
        best = id;
        end = i;
      }
      if (best < 0) return undefined;
      pieces.push(best);
      start = end;
    }
    return pieces;
  };
  return remembering((word, special) => {
    const isLong = word.length > most && [...word].length > most;
    const pieces = isLong ? undefined : cut(word, special);
    return pieces ?? [unknown ?? inexpressible(vocabulary, word)];
  });
}

/** The token for what is unknown, which may be missing as long as nothing is. */
function unknownOf(fields: Fields, vocabulary: Vocabulary, missing: string): number | undefined {
  return vocabulary.ids.get(fields.text('unk_token', missing));
}
