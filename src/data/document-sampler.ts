/** Examples of separate documents: a token, and the T before it, as far as its document reaches. */
import { UserError } from '../util/errors.js';
import type { Generator } from '../util/random.js';
import { allocate, type Batch, checkCounts, checkTokenIds, ExampleSampler } from './sampler.js';
import type { TokenIds } from './token-ids.js';

export interface DocumentOptions {
  /** B. */
  batchSize: number;
  /** T. */
  blockSize: number;
  /** The token that ends each document, and that stands to the left of its first. */
  boundary: number;
  /** What the ids are, for error messages. Default `data`. */
  name?: string | undefined;
}

/**
 * Uniformly drawn examples, with replacement, without end: blocks of T tokens of a document, padded on
 * the left with the boundary, and the token after them, which may be the closing boundary.
 *
 * Example number e of a run is drawn as window number e of `WindowSampler` is, from ⌊u · N⌋ of the N ids:
 * the order of the data is a function of seed, stream and position alone, and can be entered anywhere.
 *
 * `next` fills the same arrays each time and allocates nothing.
 */
export class DocumentSampler extends ExampleSampler {
  readonly #ids: TokenIds;
  readonly #boundary: number;

  /**
   * @param ids documents, each ended by the boundary (`DatasetSplit.ids`).
   * @param generator where the randomness comes from; it moves on as batches are drawn.
   * @throws UserError when there are no ids.
   */
  constructor(ids: TokenIds, options: DocumentOptions, generator: Generator) {
    checkDocuments(ids, options);
    super(allocate(options.batchSize, options.blockSize, 'next'), generator);
    this.#ids = ids;
    this.#boundary = options.boundary;
  }

  protected fill(batch: Batch, row: number, uniform: number): void {
    const at = Math.floor(uniform * this.#ids.length);
    fillExample(batch, row, this.#ids, at, this.#boundary);
  }
}

/** Puts the example that predicts the id at `at` into row `row` of the batch. */
export function fillExample(
  batch: Batch,
  row: number,
  ids: TokenIds,
  at: number,
  boundary: number,
): void {
  const { inputs, targets, blockSize } = batch;
  const offset = row * blockSize;
  let inside = true;
  for (let t = 1; t <= blockSize; t++) {
    const id = inside && t <= at ? ids[at - t]! : boundary;
    if (id === boundary) inside = false;
    inputs[offset + blockSize - t] = id;
  }
  targets[row] = ids[at]!;
}

/** @throws UserError unless batch and block are whole and there are documents. */
export function checkDocuments(ids: TokenIds, options: DocumentOptions): void {
  const { boundary, name = 'data' } = options;
  checkCounts(options);
  checkTokenIds(ids, name);
  if (ids.length === 0) {
    throw new UserError(
      `the ${name} split has no documents. Choose a larger share for ${name} (--split).`,
    );
  }
  if (ids.at(-1) !== boundary) {
    throw new UserError(
      `the ${name} split: expected its last document to end with the boundary, token ${boundary}, got ${ids.at(-1)}.`,
    );
  }
}
