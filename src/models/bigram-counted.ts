/** The counted bigram: how often each token followed each other one in the training split. */
import { buffer, Module } from '../nn/index.js';
import { empty, type Tensor, tensor } from '../tensor/index.js';
import { checkIndices, checkTensorMap } from '../tensor/internal.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { inHostMemory } from '../util/host-memory.js';
import { formatShape, sameShape } from '../util/shape.js';
import { type BigramConfig, bigramSchema } from './bigram-config.js';
import { checkedConfig, type LanguageModel } from './model.js';

/**
 * P(next | previous) = (count(previous, next) + α) / (count(previous) + α·V), α the smoothing. With
 * `context: 0` the previous token is left out: the unigram.
 *
 * Only pairs that occurred are held, so that it works for any vocabulary.
 */
export class CountedBigram extends Module implements LanguageModel {
  readonly target = 'all';
  readonly receptiveField: number;
  readonly blockSize: number;
  /** (N, 2): the pairs that occurred, (previous, next), ascending. */
  pairs: Tensor = buffer(empty([0, 2], 'int32'));
  /** (N): how often each did. */
  counts: Tensor = buffer(empty([0], 'int32'));
  private readonly config: BigramConfig;
  private table: Table;

  constructor(
    settings: BigramConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('CountedBigram', bigramSchema, settings, vocabSize);
    this.config = config;
    this.blockSize = config.blockSize;
    this.receptiveField = config.context;
    this.table = new Table(new Int32Array(0), new Int32Array(0), config, vocabSize);
  }

  /** Counts the pairs of neighbouring ids. @throws UserError for fewer than two, or one that is no id. */
  fit(ids: ArrayLike<number>): void {
    const { vocabSize: V, config } = this;
    checkIds(ids, V);
    if (ids.length < 2) {
      throw new UserError(`bigram: expected at least 2 tokens to count, got ${ids.length}`);
    }
    const keys = new Float64Array(ids.length - 1); // previous · V + next; beyond 2³² for large V
    for (let i = 0; i < keys.length; i++) {
      keys[i] = (config.context === 1 ? ids[i] * V : 0) + ids[i + 1];
    }
    keys.sort();
    let distinct = 0;
    for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] !== keys[i - 1]) distinct++;
    const pairs = new Int32Array(distinct * 2);
    const counts = new Int32Array(distinct);
    let at = -1;
    for (let i = 0; i < keys.length; i++) {
      if (i === 0 || keys[i] !== keys[i - 1]) {
        at++;
        pairs[2 * at] = Math.floor(keys[i] / V);
        pairs[2 * at + 1] = keys[i] % V;
      }
      counts[at]++;
    }
    this.setCounts(tensor(pairs, { shape: [distinct, 2] }), tensor(counts));
  }

  private setCounts(pairs: Tensor, counts: Tensor): void {
    const { config, vocabSize } = this;
    // First, for it throws where they do not fit.
    this.table = new Table(
      pairs.dataSync() as Int32Array,
      counts.dataSync() as Int32Array,
      config,
      vocabSize,
    );
    this.pairs.dispose();
    this.counts.dispose();
    this.pairs = buffer(pairs);
    this.counts = buffer(counts);
  }

  /** How many pairs there are is part of what is loaded, so any number fits. */
  override loadStateDict(
    state: ReadonlyMap<string, Tensor>,
    options: { strict?: boolean } = {},
  ): { missing: string[]; unexpected: string[] } {
    checkTensorMap('loadStateDict', state);
    const pairs = state.get('pairs');
    const counts = state.get('counts');
    const fits =
      pairs?.dtype === 'int32' &&
      pairs.ndim === 2 &&
      pairs.shape[1] === 2 &&
      counts?.dtype === 'int32' &&
      counts.ndim === 1 &&
      counts.shape[0] === pairs.shape[0];
    const unexpected = [...state.keys()].filter((key) => key !== 'pairs' && key !== 'counts');
    if (!fits || (unexpected.length > 0 && options.strict !== false)) {
      return super.loadStateDict(state, options);
    }
    this.setCounts(tensor(pairs.dataSync(), { shape: pairs.shape }), tensor(counts.dataSync()));
    return { missing: [], unexpected };
  }

  /** inputs (B, T) → log-probabilities (B, T, V), which are logits too. */
  forward(inputs: Tensor): Tensor {
    const { vocabSize: V, table } = this;
    checkIndices('bigram', inputs);
    const ids = inputs.dataSync();
    checkIds(ids, V);
    const logits = inHostMemory(
      `${ids.length} × ${V} logits`,
      () => new Float32Array(ids.length * V),
    );
    for (let i = 0; i < ids.length; i++) table.fillRow(ids[i], logits.subarray(i * V, (i + 1) * V));
    return tensor(logits, { shape: [...inputs.shape, V] });
  }

  loss(inputs: Tensor, targets: Tensor): Tensor {
    checkIndices('bigram', inputs);
    checkIndices('bigram', targets);
    if (!sameShape(inputs.shape, targets.shape)) {
      throw new UserError(
        `bigram: expected a target for each input, got ${formatShape(targets.shape)} for ${formatShape(inputs.shape)}`,
      );
    }
    const previous = inputs.dataSync();
    const next = targets.dataSync();
    checkIds(previous, this.vocabSize);
    checkIds(next, this.vocabSize);
    let total = 0;
    for (let i = 0; i < next.length; i++) total -= this.table.logProbability(previous[i], next[i]);
    return tensor([total / next.length]).alias([]);
  }
}

/** @throws UserError unless all are whole numbers in [0, vocabSize): an array of counts takes anything. */
function checkIds(ids: ArrayLike<number>, vocabSize: number): void {
  if (!Array.isArray(ids) && !(ArrayBuffer.isView(ids) && !(ids instanceof DataView))) {
    throw new UserError(`bigram: expected an array of token ids, got ${describeValue(ids)}`);
  }
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    throw new UserError(
      `bigram: expected token ids from 0 to ${vocabSize - 1}, got ${describeValue(id)} at position ${i}`,
    );
  }
}

/** @throws UserError for counts that were not made by `fit`: those of a damaged checkpoint. */
function checkTable(pairs: Int32Array, counts: Int32Array, rows: number, vocabSize: number): void {
  checkIds(pairs, vocabSize);
  for (let i = 0; i < counts.length; i++) {
    const after = i === 0 || pairs[2 * i] - pairs[2 * i - 2] || pairs[2 * i + 1] - pairs[2 * i - 1];
    if (pairs[2 * i] < rows && counts[i] > 0 && (after === true || after > 0)) continue;
    throw new UserError(
      `bigram: expected pairs in ascending order, each with a count above 0, got (${pairs[2 * i]}, ` +
        `${pairs[2 * i + 1]}), ${counts[i]} times, as number ${i}`,
    );
  }
}

/** The counts as rows that can be searched. */
class Table {
  private readonly rowStart: Int32Array;
  private readonly total: Float64Array;

  constructor(
    private readonly pairs: Int32Array,
    private readonly counts: Int32Array,
    private readonly config: BigramConfig,
    private readonly vocabSize: number,
  ) {
    const rows = config.context === 1 ? vocabSize : 1;
    checkTable(pairs, counts, rows, vocabSize);
    const what = `a table of ${rows} tokens`;
    this.rowStart = inHostMemory(what, () => new Int32Array(rows + 1));
    this.total = inHostMemory(what, () => new Float64Array(rows));
    for (let i = 0; i < counts.length; i++) {
      this.rowStart[pairs[2 * i] + 1]++;
      this.total[pairs[2 * i]] += counts[i];
    }
    for (let row = 0; row < rows; row++) this.rowStart[row + 1] += this.rowStart[row];
  }

  private logOf(row: number, count: number): number {
    const { smoothing } = this.config;
    return Math.log((count + smoothing) / (this.total[row] + smoothing * this.vocabSize));
  }

  logProbability(previous: number, next: number): number {
    const row = this.config.context === 1 ? previous : 0;
    let low = this.rowStart[row];
    let high = this.rowStart[row + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pairs[2 * middle + 1] < next) low = middle + 1;
      else high = middle;
    }
    const found = low < this.rowStart[row + 1] && this.pairs[2 * low + 1] === next;
    return this.logOf(row, found ? this.counts[low] : 0);
  }

  fillRow(previous: number, out: Float32Array): void {
    const row = this.config.context === 1 ? previous : 0;
    out.fill(this.logOf(row, 0));
    for (let i = this.rowStart[row]; i < this.rowStart[row + 1]; i++) {
      out[this.pairs[2 * i + 1]] = this.logOf(row, this.counts[i]);
    }
  }
}
