/** Going through separate documents in order, to measure a model on them. */
import { checkDocuments, type DocumentOptions, fillExample } from './document-sampler.js';
import { firstRows } from './evaluation.js';
import { allocate, type Batch } from './sampler.js';
import type { TokenIds } from './token-ids.js';

export interface DocumentPassOptions extends DocumentOptions {
  /**
   * At most this many batches, their examples evenly spread over the split, the same ones each time.
   * Default: the whole split.
   */
  maxBatches?: number | undefined;
}

/**
 * A deterministic pass over the examples of a split: every token of every document, its closing boundary
 * included, is predicted exactly once. Iterate over it as often as wanted. The last batch may have fewer
 * rows. The batches share their arrays: use each before asking for the next.
 */
export class DocumentPass implements Iterable<Batch> {
  /** Tokens that are predicted in one pass. */
  readonly tokens: number;
  /** Batches in one pass. */
  readonly batches: number;
  readonly #ids: TokenIds;
  readonly #options: DocumentOptions;

  /** @throws UserError when there are no documents. */
  constructor(ids: TokenIds, options: DocumentPassOptions) {
    checkDocuments(ids, options);
    const { batchSize, maxBatches = Infinity } = options;
    this.#ids = ids;
    this.#options = options;
    this.tokens = Math.min(ids.length, Math.max(1, Math.floor(maxBatches)) * batchSize);
    this.batches = Math.ceil(this.tokens / batchSize);
  }

  *[Symbol.iterator](): Generator<Batch, void, undefined> {
    const { batchSize, blockSize, boundary } = this.#options;
    const { length } = this.#ids;
    const full = allocate(Math.min(batchSize, this.tokens), blockSize, 'next');
    for (let done = 0; done < this.tokens; done += full.rows) {
      const batch = firstRows(full, Math.min(full.rows, this.tokens - done));
      for (let row = 0; row < batch.rows; row++) {
        const at = Math.floor(((done + row) * length) / this.tokens);
        fillExample(batch, row, this.#ids, at, boundary);
      }
      yield batch;
    }
  }
}
