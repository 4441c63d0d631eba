/** What the models of a `tokenizer.json` share: their vocabulary, and the memory of words. */

import { UserError } from '../../util/errors.js';
import type { IdList } from '../id-list.js';
import { byteName } from '../support.js';

/** Token → id, and which ids text may not become. */
export interface Vocabulary {
  name: string;
  ids: ReadonlyMap<string, number>;
  /** Ids of special tokens, which the spelling in an ordinary text must not become. */
  specials: ReadonlySet<number>;
}

/** Appends the ids of a word. @param special whether a special token's spelling may become its id. */
export type EncodeWord = (word: string, special: boolean, out: IdList) => void;

/** Maximum number of cached words; beyond it the cache starts afresh. */
const CACHE_WORDS = 1 << 16;
/** Longer words are not worth remembering. */
const CACHE_LENGTH = 64;

/** Remembers what became of each word. */
export function remembering(
  make: (word: string, special: boolean) => ArrayLike<number>,
): EncodeWord {
  const caches = [new Map<string, ArrayLike<number>>(), new Map<string, ArrayLike<number>>()];
  return (word, special, out) => {
    const cache = caches[Number(special)]!;
    let ids = cache.get(word);
    if (!ids) {
      ids = make(word, special);
      if (word.length <= CACHE_LENGTH) {
        if (cache.size >= CACHE_WORDS) cache.clear();
        cache.set(word, ids);
      }
    }
    out.pushAll(ids);
  };
}

/** The id of a token that text may become; undefined where there is none. */
export function idIn(vocabulary: Vocabulary, token: string, special: boolean): number | undefined {
  const id = vocabulary.ids.get(token);
  return id !== undefined && !special && vocabulary.specials.has(id) ? undefined : id;
}

/** @throws UserError always: the vocabulary has no way to say `text`. */
export function inexpressible(vocabulary: Vocabulary, text: string): never {
  const shown = text.length > 40 ? `${text.slice(0, 37)}...` : text;
  throw new UserError(
    `${vocabulary.name}: ${JSON.stringify(shown)} is not in the vocabulary, and there is no token for unknown text`,
  );
}

const encoder = new TextEncoder();

/** The ids of the bytes of `text`; undefined where the vocabulary lacks one of them. */
export function bytesOf(text: string, { ids }: Vocabulary): number[] | undefined {
  const found = Array.from(encoder.encode(text), (byte) => ids.get(byteName(byte)));
  return found.includes(undefined) ? undefined : (found as number[]);
}
