/** What a `tokenizer.json` makes ids of words with: its `model`. */

import { UserError } from '../../util/errors.js';
import type { IdList } from '../id-list.js';
import { bpe } from './bpe.js';
import { Fields } from './fields.js';
import { unigram } from './unigram.js';
import { wordLevel, wordPiece } from './word-piece.js';

/** Token → id, and which ids text may not become. */
export interface Vocabulary {
  name: string;
  ids: ReadonlyMap<string, number>;
  /** Ids of special tokens, which the spelling in an ordinary text must not become. */
  specials: ReadonlySet<number>;
}

/** Appends the ids of a word. @param special whether a special token's spelling may become its id. */
export type EncodeWord = (word: string, special: boolean, out: IdList) => void;

export interface Model {
  encode: EncodeWord;
}

/** @throws UserError where a field is not known or contradicts the vocabulary. */
export function makeModel(json: unknown, vocabulary: Vocabulary): Model {
  const fields = new Fields(json, 'model');
  const type = fields.optionalText('type') ?? typeOf(fields);
  if ((type === 'Unigram') !== Array.isArray(fields.take('vocab'))) {
    const expected = type === 'Unigram' ? 'a list of pieces and scores' : 'an id for each token';
    throw new UserError(`model.vocab: expected ${expected}, as the type is ${type}`);
  }
  const makers = { BPE: bpe, WordPiece: wordPiece, WordLevel: wordLevel, Unigram: unigram };
  if (!Object.hasOwn(makers, type)) {
    throw new UserError(
      `model: the type ${JSON.stringify(type)} is not supported; ${Object.keys(makers).join(', ')} are`,
    );
  }
  const encode = makers[type as keyof typeof makers](fields, vocabulary);
  fields.end();
  return { encode };
}

/** Old files do not say it. */
function typeOf(fields: Fields): string {
  if (fields.take('merges') !== undefined) return 'BPE';
  if (Array.isArray(fields.take('vocab'))) return 'Unigram';
  return fields.take('continuing_subword_prefix') === undefined ? 'WordLevel' : 'WordPiece';
}

/** Words remembered at most; beyond it the memory starts afresh. */
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
    `${vocabulary.name}: ${JSON.stringify(shown)} is not in the vocabulary, and it has no token for what is unknown`,
  );
}
