/** Encoding documents, and keeping their ids in the cache. */
import { createHash } from 'node:crypto';
import type { Tokenizer } from '../tokenizers/index.js';
import { boundaryOf, joinDocuments, type SplitDocuments, splitDocuments } from './documents.js';
import { encodeDocumentsAside } from './encode.js';
import type { SplitFractions } from './split.js';
import { cachedIds, type EncodeCacheOptions } from './token-cache.js';

export interface EncodedDocuments extends SplitDocuments {
  readonly cached: boolean;
  readonly notice?: string;
}

/**
 * Encodes documents one by one, so that no token reaches over a boundary, and splits them by their number.
 *
 * @param documents in the order in which they are split.
 * @throws UserError as `encodeDocumentsHere` and the tokenizer do, StoppedError when told to stop.
 */
export async function encodeDocuments(
  documents: readonly string[],
  tokenizer: Tokenizer,
  fractions: SplitFractions,
  options: EncodeCacheOptions = {},
): Promise<EncodedDocuments> {
  const boundary = boundaryOf(tokenizer);
  const key = {
    sha256: createHash('sha256').update(joinDocuments(documents)).digest('hex'),
    fingerprint: `${tokenizer.fingerprint} by documents`,
    vocabSize: tokenizer.vocabSize,
  };
  const { ids, cached, notice } = await cachedIds(key, options.folder, () =>
    encodeDocumentsAside(tokenizer, documents, boundary, options),
  );
  return {
    ...splitDocuments(documents, ids, boundary, fractions),
    cached,
    ...(notice === undefined ? {} : { notice }),
  };
}
