/** Token ids as they are kept and sampled from: in as few bytes as they fit in, and never one that does not fit. */
import { checkIds } from '../tokenizers/support.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { UserError } from '../util/errors.js';

/** Two bytes each where the vocabulary allows it. */
export type TokenIds = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

type Numbered = Pick<Tokenizer, 'vocabSize'> & Partial<Pick<Tokenizer, 'name'>>;

/** The kind of array for a vocabulary. */
export function idArray(vocabSize: number): {
  new (length: number): TokenIds;
  new (buffer: ArrayBuffer): TokenIds;
  readonly BYTES_PER_ELEMENT: number;
} {
  return vocabSize <= 2 ** 16 ? Uint16Array : Uint32Array;
}

/**
 * Packs what a tokenizer gave. An array of numbers takes whatever is stored in it: 65,539 as 3, 1.5 as 1,
 * `"x"` as 0. So each id is looked at first.
 *
 * @throws UserError naming tokenizer, id and position, for one that is no whole number in [0, vocabSize).
 */
export function packIds(tokenizer: Numbered, ids: ArrayLike<number>): TokenIds {
  checkIds(tokenizer, ids);
  const IdArray = idArray(tokenizer.vocabSize);
  if (ids instanceof Uint32Array && IdArray === Uint32Array) return ids as TokenIds;
  const packed = new IdArray(ids.length);
  packed.set(ids);
  return packed;
}

/**
 * Documents one after the other, each ended by the boundary.
 *
 * @throws UserError for a document that holds the boundary, and as `packIds` and the tokenizer do.
 */
export function encodeDocumentsHere(
  documents: readonly string[],
  tokenizer: Numbered & Pick<Tokenizer, 'encode'>,
  boundary: number,
  report: (share: number) => void = () => {},
): TokenIds {
  const { name = 'the tokenizer', vocabSize } = tokenizer;
  const encoded = documents.map((document, i) => {
    report(i / documents.length);
    const ids: ArrayLike<number> = tokenizer.encode(document);
    checkIds(tokenizer, ids, `document ${JSON.stringify(document)}`);
    if (Array.prototype.includes.call(ids, boundary)) {
      throw new UserError(
        `document ${JSON.stringify(document)}: holds token ${boundary} of ${name}, which is to stand between documents.`,
      );
    }
    return ids;
  });
  const ids = new (idArray(vocabSize))(encoded.reduce((sum, { length }) => sum + length + 1, 0));
  checkIds(tokenizer, [boundary], 'the boundary between documents');
  let at = 0;
  for (const part of encoded) {
    ids.set(part, at);
    at += part.length;
    ids[at++] = boundary;
  }
  return ids;
}
