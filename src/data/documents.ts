/**
 * Texts of separate documents, a line each (names, words, sentences): none of them is context of another.
 *
 * The ids of a split are its documents one after the other, each followed by the boundary token, which
 * ends it and, as padding on the left, begins the next. Every id is one example: the token itself, given
 * the tokens before it back to the boundary.
 */
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { UserError } from '../util/errors.js';
import { PythonRandom } from '../util/python-random.js';
import { utf8Length } from '../util/utf8-length.js';
import { SPLIT_NAMES, type SplitFractions, type SplitName, splitBounds } from './split.js';
import type { TokenIds } from './token-ids.js';

/** The seed of the published split of `names`: `random.seed(42)` of makemore. */
const SHUFFLE_SEED = 42;

/** What a run writes down about documents: plain JSON. */
export interface DocumentsInfo {
  /** The token that stands between them. */
  readonly boundary: number;
  /** Of the shuffle before the split, Python's `random.Random(seed).shuffle`. */
  readonly shuffleSeed: number;
  /** How many there are in each split. */
  readonly splits: Readonly<Record<SplitName, number>>;
}

/**
 * The documents of a text in an order that no longer tells anything (`names` comes sorted by frequency):
 * its lines, shuffled. Empty lines are no documents.
 *
 * @throws UserError when there are none.
 */
export function shuffledDocuments(text: string, name: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines.length === 0) {
    throw new UserError(`${name}: expected documents, a line each, got nothing but line ends.`);
  }
  return new PythonRandom(SHUFFLE_SEED).shuffle(lines);
}

/** Documents as the text that a tokenizer is built from: each one ended by a line end. */
export function joinDocuments(documents: readonly string[]): string {
  return documents.map((document) => `${document}\n`).join('');
}

/**
 * The token that stands between documents: that of the line end, where it is one, or the tokenizer's
 * end of a text.
 *
 * @throws UserError for a tokenizer that has neither.
 */
export function boundaryOf(tokenizer: Pick<Tokenizer, 'name' | 'encode' | 'eosId'>): number {
  const lineEnd = tokenizer.encode('\n');
  if (lineEnd.length === 1) return lineEnd[0]!;
  if (tokenizer.eosId !== undefined) return tokenizer.eosId;
  throw new UserError(
    `${tokenizer.name}: has no single token for a line end, nor one that ends a text, to stand between ` +
      'documents. Use another tokenizer, such as char.',
  );
}

/** Documents, encoded and split. */
export interface SplitDocuments {
  readonly ids: Record<SplitName, TokenIds>;
  /** UTF-8 bytes of each split's documents and line ends. */
  readonly bytes: Record<SplitName, number>;
  readonly info: DocumentsInfo;
}

/**
 * Splits encoded documents by their number.
 *
 * @param ids of all documents in their order, each ended by the boundary (`encodeDocumentsHere`).
 */
export function splitDocuments(
  documents: readonly string[],
  ids: TokenIds,
  boundary: number,
  fractions: SplitFractions,
): SplitDocuments {
  const [first, second] = splitBounds(documents.length, fractions);
  const cuts = [0, first, second, documents.length];
  const places = [0, ...cuts.slice(1).map((count) => endOf(ids, boundary, count))];
  const bySplit = <T>(make: (from: number, to: number, k: number) => T) =>
    Object.fromEntries(
      SPLIT_NAMES.map((name, k) => [name, make(cuts[k]!, cuts[k + 1]!, k)]),
    ) as Record<SplitName, T>;
  return {
    ids: bySplit((_from, _to, k) => ids.subarray(places[k]!, places[k + 1]!)),
    bytes: bySplit((from, to) => utf8Length(joinDocuments(documents.slice(from, to)))),
    info: { boundary, shuffleSeed: SHUFFLE_SEED, splits: bySplit((from, to) => to - from) },
  };
}

/** Where, in `ids`, the first `count` documents end. */
function endOf(ids: TokenIds, boundary: number, count: number): number {
  let at = 0;
  for (let seen = 0; seen < count; seen++) at = ids.indexOf(boundary, at) + 1;
  return at;
}
