/** What a `tokenizer.json` makes ids of words with: its `model`. */

import { UserError } from '../../util/errors.js';
import { bpe } from './bpe.js';
import { Fields } from './fields.js';
import { unigram } from './unigram.js';
import type { EncodeWord, Vocabulary } from './vocabulary.js';
import { wordLevel, wordPiece } from './word-piece.js';

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
