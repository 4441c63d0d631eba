/** Going through a split once in random order, for models whose predictions depend on the batch. */
import { Generator, streamFor } from '../util/random.js';
import type { BatchPass } from './examples.js';
import type { Batch } from './sampler.js';

/**
 * The examples of another pass, each once, in random order, the same for a seed: neighbouring windows have
 * much in common, and a batch of them would be no sample of the split. Batches are as even as can be and
 * have at most `batchSize` rows; blocks that are shorter than the first come last, as they came.
 *
 * It keeps all examples in memory, T integers each. The batches do not share arrays.
 */
export class ShuffledPass implements BatchPass {
  readonly tokens: number;
  readonly batches: number;
  readonly #full: Batch;
  readonly #short: Batch[];
  readonly #order: Uint32Array;

  constructor(pass: BatchPass, batchSize: number, seed: number) {
    const all = Array.from(pass, ({ rows, blockSize, inputs, targets }) => ({
      ...{ rows, blockSize },
      ...{ inputs: inputs.slice(), targets: targets.slice() },
    }));
    const blockSize = all[0]?.blockSize ?? 0;
    this.#full = joined(all.filter((batch) => batch.blockSize === blockSize));
    this.#short = all.filter((batch) => batch.blockSize !== blockSize);
    this.#order = shuffled(this.#full.rows, new Generator(seed, streamFor('evaluation')));
    this.tokens = pass.tokens;
    this.batches = Math.ceil(this.#full.rows / batchSize) + this.#short.length;
  }

  *[Symbol.iterator](): globalThis.Generator<Batch, void, undefined> {
    const { rows } = this.#full;
    const batches = this.batches - this.#short.length;
    for (let i = 0; i < batches; i++) {
      const begin = Math.floor((i * rows) / batches);
      const end = Math.floor(((i + 1) * rows) / batches);
      yield this.#pick(this.#order.subarray(begin, end));
    }
    yield* this.#short;
  }

  #pick(order: Uint32Array): Batch {
    const { rows, blockSize, inputs, targets } = this.#full;
    const each = targets.length / rows;
    const batch = {
      rows: order.length,
      blockSize,
      inputs: new Int32Array(order.length * blockSize),
      targets: new Int32Array(order.length * each),
    };
    order.forEach((from, to) => {
      batch.inputs.set(inputs.subarray(from * blockSize, (from + 1) * blockSize), to * blockSize);
      batch.targets.set(targets.subarray(from * each, (from + 1) * each), to * each);
    });
    return batch;
  }
}

/** Batches of one block size as a single one. */
function joined(batches: readonly Batch[]): Batch {
  const flat = (key: 'inputs' | 'targets') => {
    const out = new Int32Array(batches.reduce((sum, batch) => sum + batch[key].length, 0));
    let at = 0;
    for (const batch of batches) {
      out.set(batch[key], at);
      at += batch[key].length;
    }
    return out;
  };
  return {
    rows: batches.reduce((sum, batch) => sum + batch.rows, 0),
    blockSize: batches[0]?.blockSize ?? 0,
    inputs: flat('inputs'),
    targets: flat('targets'),
  };
}

/** 0 to count − 1 in random order (Fisher and Yates). */
function shuffled(count: number, random: Generator): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
