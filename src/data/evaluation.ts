/** Going through a split in a fixed order, to measure a model on it. */
import {
  allocate,
  type Batch,
  checkWindows,
  fillRow,
  type TargetKind,
  type WindowOptions,
} from './sampler.js';
import type { TokenIds } from './token-ids.js';

export interface EvaluationOptions extends WindowOptions {
  /**
   * At most this many batches, their windows evenly spread over the split, the same ones each time.
   * Default: the whole split.
   */
  maxBatches?: number | undefined;
}

/**
 * A deterministic pass over a split of N ids. Iterate over it as often as wanted.
 *
 * - Target `all`: windows follow one another at a stride of T, so that each of the N − 1 tokens that
 *   have one before them is predicted exactly once, from at most T tokens of context. When T does not
 *   divide N − 1, the last batch is a single shorter block.
 * - Target `next`: windows at a stride of 1, so that each of the N − T tokens that have a full block
 *   before them is predicted exactly once.
 *
 * The last batch of full-length blocks may have fewer rows than the others. With `maxBatches` below what
 * a whole pass takes, the shorter block falls away first; every window is one of the whole pass.
 *
 * The batches share their arrays: use each before asking for the next.
 */
export class EvaluationPass implements Iterable<Batch> {
  /** Tokens that are predicted in one pass. */
  readonly tokens: number;
  /** Batches in one pass. */
  readonly batches: number;
  readonly #ids: TokenIds;
  readonly #target: TargetKind;
  readonly #batchSize: number;
  readonly #blockSize: number;
  /** Full-length windows there are, and how many of them are visited. */
  readonly #available: number;
  readonly #visited: number;
  /** Length of the shorter block at the end, or 0. */
  readonly #tail: number;

  /** @throws UserError when the split is too short for a block. */
  constructor(ids: TokenIds, options: EvaluationOptions) {
    checkWindows(ids, options);
    const { batchSize, blockSize, target = 'all', maxBatches = Infinity } = options;
    this.#ids = ids;
    this.#target = target;
    this.#batchSize = batchSize;
    this.#blockSize = blockSize;
    const predictable = target === 'all' ? ids.length - 1 : ids.length - blockSize;
    const perWindow = target === 'all' ? blockSize : 1;
    const tail = predictable % perWindow;
    this.#available = (predictable - tail) / perWindow;
    const batches = Math.ceil(this.#available / batchSize) + (tail > 0 ? 1 : 0);
    if (batches <= maxBatches) {
      this.#visited = this.#available;
      this.#tail = tail;
      this.batches = batches;
    } else {
      this.#visited = Math.min(this.#available, Math.max(1, Math.floor(maxBatches)) * batchSize);
      this.#tail = 0;
      this.batches = Math.ceil(this.#visited / batchSize);
    }
    this.tokens = this.#visited * perWindow + this.#tail;
  }

  *[Symbol.iterator](): Generator<Batch, void, undefined> {
    const size = Math.min(this.#batchSize, this.#visited);
    const full = allocate(size, this.#blockSize, this.#target);
    for (let done = 0; done < this.#visited; done += size) {
      const batch = firstRows(full, Math.min(size, this.#visited - done));
      for (let row = 0; row < batch.rows; row++) {
        fillRow(batch, row, this.#ids, this.#startOf(done + row), this.#target);
      }
      yield batch;
    }
    if (this.#tail > 0) {
      const last = allocate(1, this.#tail, this.#target);
      fillRow(last, 0, this.#ids, this.#available * this.#blockSize, this.#target);
      yield last;
    }
  }

  /** Where the window that is visited as number `index` begins. */
  #startOf(index: number): number {
    const window = Math.floor((index * this.#available) / this.#visited);
    return this.#target === 'all' ? window * this.#blockSize : window;
  }
}

/** The same arrays, cut off after `rows` rows. */
export function firstRows(batch: Batch, rows: number): Batch {
  if (rows === batch.rows) return batch;
  const { inputs, targets, blockSize } = batch;
  return {
    rows,
    blockSize,
    inputs: inputs.subarray(0, rows * blockSize),
    targets: targets.subarray(0, (targets.length / batch.rows) * rows),
  };
}
