/** The counted bigram: how often each token followed each other one in the training split. */
import { buffer, Module } from '../nn/index.js';
import { empty, type Tensor, tensor } from '../tensor/index.js';
import { checkIndices, checkTensorMap } from '../tensor/internal.js';
import { UserError } from '../util/errors.js';
import { inHostMemory } from '../util/host-memory.js';
import { formatShape, sameShape } from '../util/shape.js';
import { type BigramConfig, bigramSchema } from './bigram-settings.js';
import { BigramTable, checkIds } from './bigram-table.js';
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
  private table: BigramTable;

  constructor(
    settings: BigramConfig,
    readonly vocabSize: number,
  ) {
    super();
    const config = checkedConfig('CountedBigram', bigramSchema, settings, vocabSize);
    this.config = config;
    this.blockSize = config.blockSize;
    this.receptiveField = config.context;
    this.table = new BigramTable(new Int32Array(0), new Int32Array(0), config, vocabSize);
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
    this.table = new BigramTable(
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
}
