/** Models that look words up, whole (WordLevel) or by their longest pieces (WordPiece). */

import type { Fields } from './fields.js';
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
  let longest = 0;
  for (const token of vocabulary.ids.keys()) longest = Math.max(longest, token.length);
  const cut = (word: string, special: boolean): number[] | undefined => {
    const pieces: number[] = [];
    for (let start = 0; start < word.length; ) {
      let end = Math.min(word.length, start + longest);
      let id: number | undefined;
      for (; end > start; end--) {
        const piece = word.slice(start, end);
        id = idIn(vocabulary, start === 0 ? piece : prefix + piece, special);
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      pieces.push(id);
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
