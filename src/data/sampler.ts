/** Drawing blocks of tokens to train on. */
import { UserError } from '../util/errors.js';
import { Generator, type GeneratorState } from '../util/random.js';
import type { TokenIds } from './token-ids.js';

/** Words of the generator that decide where an example lies: those of one double. */
export const WORDS_PER_EXAMPLE = 2;
/** Elements of an int32 tensor. */
const MOST_IN_BATCH = 2 ** 31 - 1;

/**
 * What is to be predicted from a block of T tokens: at every position the token after it (`all`, T
 * targets, for models with a prediction at every position), or only the token after the block (`next`,
 * one target).
 */
export type TargetKind = 'all' | 'next';

/**
 * Blocks of tokens and what follows them. Whoever hands one out keeps it and fills it anew the next
 * time: use it, or copy it, before asking for another.
 */
export interface Batch {
  /** Blocks in it: B. */
  readonly rows: number;
  /** Tokens in a block: T. */
  readonly blockSize: number;
  /** (B, T), row-major. */
  readonly inputs: Int32Array;
  /** (B, T) when the target is `all`, (B) when it is `next`. */
  readonly targets: Int32Array;
}

export interface WindowOptions {
  /** B. */
  batchSize: number;
  /** T. */
  blockSize: number;
  /** Default `all`. */
  target?: TargetKind | undefined;
  /** What the ids are, for error messages. Default `data`. */
  name?: string | undefined;
}

/** What draws examples one after the other, each by one double of its generator. */
export abstract class ExampleSampler {
  readonly #batch: Batch;
  #generator: Generator;

  constructor(batch: Batch, generator: Generator) {
    this.#batch = batch;
    this.#generator = generator;
  }

  /** Puts the example that `uniform`, in [0, 1), stands for into a row of the batch. */
  protected abstract fill(batch: Batch, row: number, uniform: number): void;

  /** The next batch: always the same object, with new contents. */
  next(): Batch {
    const batch = this.#batch;
    for (let row = 0; row < batch.rows; row++) this.fill(batch, row, this.#generator.uniform());
    return batch;
  }

  /** Passes over so many batches. */
  skip(batches: number): void {
    const { seed, stream, position } = this.#generator.state();
    const moved = position + batches * this.#batch.rows * WORDS_PER_EXAMPLE;
    this.#generator = Generator.fromState({ seed, stream, position: moved });
  }

  /** What decides all batches to come. */
  state(): GeneratorState {
    return this.#generator.state();
  }

  /** Continues where `state` was taken: the same batches follow. */
  restore(state: GeneratorState): void {
    this.#generator = Generator.fromState(state);
  }
}

/**
 * Uniformly drawn blocks from a sequence of ids, without end.
 *
 * Window number w of a run (row r of step s: w = s · B + r) begins at ⌊u · (N − T)⌋, where u is the
 * double made of words 2w and 2w + 1 of the generator's stream. So the order of the data is a function
 * of seed, stream and position alone; the state to save is the generator's; and a process that is one
 * of several can draw just its rows of the common batch. (A plain ⌊u · n⌋ favours some windows by at
 * most n / 2⁵³ of their probability; rejecting those would make the position depend on what was drawn.)
 *
 * `next` fills the same arrays each time and allocates nothing.
 */
export class WindowSampler extends ExampleSampler {
  readonly #ids: TokenIds;
  readonly #target: TargetKind;

  /**
   * @param ids the split to draw from; at least T + 1 of them.
   * @param generator where the randomness comes from; it moves on as batches are drawn.
   * @throws UserError when the split is too short for a block.
   */
  constructor(ids: TokenIds, options: WindowOptions, generator: Generator) {
    checkWindows(ids, options);
    const { batchSize, blockSize, target = 'all' } = options;
    super(allocate(batchSize, blockSize, target), generator);
    this.#ids = ids;
    this.#target = target;
  }

  protected fill(batch: Batch, row: number, uniform: number): void {
    const start = Math.floor(uniform * (this.#ids.length - batch.blockSize));
    fillRow(batch, row, this.#ids, start, this.#target);
  }
}

export function allocate(rows: number, blockSize: number, target: TargetKind): Batch {
  return {
    rows,
    blockSize,
    inputs: new Int32Array(rows * blockSize),
    targets: new Int32Array(target === 'all' ? rows * blockSize : rows),
  };
}

/** Puts the block that begins at `start` into row `row` of the batch. */
export function fillRow(
  batch: Batch,
  row: number,
  ids: TokenIds,
  start: number,
  target: TargetKind,
): void {
  const { inputs, targets, blockSize } = batch;
  const offset = row * blockSize;
  for (let t = 0; t < blockSize; t++) inputs[offset + t] = ids[start + t]!;
  if (target === 'next') targets[row] = ids[start + blockSize]!;
  else for (let t = 0; t < blockSize; t++) targets[offset + t] = ids[start + t + 1]!;
}

/** @throws UserError unless batch and block are whole and the split has room for a block. */
export function checkWindows(ids: TokenIds, options: WindowOptions): void {
  const { blockSize, name = 'data' } = options;
  checkCounts(options);
  checkTokenIds(ids, name);
  if (ids.length < blockSize + 1) {
    throw new UserError(
      `the ${name} split has ${ids.length} tokens, but a block of ${blockSize} and the token after it ` +
        `take ${blockSize + 1}. Choose a smaller block size, a larger share for ${name} (--split), or a ` +
        'longer text.',
    );
  }
}

/** @throws UserError unless batch and block are whole numbers from 1. */
export function checkCounts({ batchSize, blockSize }: { batchSize: number; blockSize: number }) {
  for (const [what, value] of [
    ['batch size', batchSize],
    ['block size', blockSize],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new UserError(`${what}: expected a whole number from 1, got ${value}.`);
    }
  }
  if (batchSize * blockSize > MOST_IN_BATCH) {
    throw new UserError(
      `a batch of ${batchSize} blocks of ${blockSize} tokens: expected at most ${MOST_IN_BATCH} tokens in ` +
        'all. Choose a smaller batch or block size.',
    );
  }
}

/** @throws UserError for a list of anything else, whose numbers nobody has looked at. */
export function checkTokenIds(ids: TokenIds, name: string): void {
  if (ids instanceof Uint16Array || ids instanceof Uint32Array) return;
  throw new UserError(
    `the ${name} split: expected token ids in a Uint16Array or Uint32Array, got ${Object.prototype.toString.call(ids).slice(8, -1)}.`,
  );
}
