/** How a model predicts a few texts that are always the same: how surely, how rightly, and what it finds hard. */
import { type ExampleSource, passOf } from '../../data/examples.js';
import type { LanguageModel } from '../../models/index.js';
import { batchNormsOf } from '../../nn/index.js';
import type { ModelProbe } from '../../runs/probe-records.js';
import {
  amax,
  defaultRandom,
  gather,
  logSoftmax,
  noGrad,
  type OperationWatcher,
  Scope,
  tensor,
  watchOperations,
} from '../../tensor/index.js';
import { figure } from './figures.js';

type Predictions = NonNullable<ModelProbe['predictions']>;

/** Tokens that are predicted, at most, and at least where the vocabulary is large. */
const MOST_TOKENS = 256;
const LEAST_TOKENS = 40;
/** Logits that are computed at once, about. */
const MOST_LOGITS = 1 << 21;
const CALIBRATION_BINS = 10;

/** Windows of a split, spread evenly over it, with what is known of their tokens. */
export class PredictionProbe {
  readonly #inputs: Int32Array;
  readonly #targets: Int32Array;
  readonly #rows: number;
  /** Positions in a row, and predictions for each row. */
  readonly #length: number;
  readonly #perRow: number;
  /** Bands of each prediction. */
  readonly #positions: Bands;
  readonly #frequencies: Bands;

  /** @throws UserError when the split is too short for a block. */
  constructor(
    private readonly model: LanguageModel,
    data: ExampleSource,
    train: ExampleSource,
    private readonly split: Predictions['split'],
  ) {
    const { blockSize, target, vocabSize } = model;
    const tokens = Math.max(
      LEAST_TOKENS,
      Math.min(MOST_TOKENS, Math.floor(MOST_LOGITS / vocabSize)),
    );
    // Of very long blocks, or with very many tokens, the beginning.
    this.#length = target === 'next' ? blockSize : Math.min(blockSize, tokens);
    this.#perRow = target === 'next' ? 1 : this.#length;
    const wanted = Math.max(1, Math.floor(tokens / this.#perRow));
    const options = { batchSize: 1, blockSize, target, name: split, maxBatches: wanted };
    const inputs: number[] = [];
    const targets: number[] = [];
    for (const batch of passOf(data, options)) {
      if (targets.length >= wanted * this.#perRow) break;
      inputs.push(...batch.inputs.subarray(0, this.#length));
      targets.push(...batch.targets.subarray(0, this.#perRow));
    }
    this.#inputs = Int32Array.from(inputs);
    this.#targets = Int32Array.from(targets);
    this.#rows = targets.length / this.#perRow;
    this.#positions = positionBands(this.#perRow, targets.length);
    this.#frequencies = frequencyBands(this.#targets, train.ids, vocabSize);
  }

  /** Predicts, in evaluation mode and without a trace: mode, statistics and random numbers are as before. */
  measure(watch: OperationWatcher): Predictions {
    const { model } = this;
    const wasTraining = model.training;
    const random = defaultRandom.state();
    // A population that is computed only before evaluations may be out of date: the batch's own will do.
    const stale = [...batchNormsOf(model).values()].filter((norm) => norm.statistics === 'precise');
    const inference = stale.map((norm) => norm.inference);
    for (const norm of stale) norm.inference = 'batch';
    model.eval();
    try {
      return this.#summary(noGrad(() => this.#predict(watch)));
    } finally {
      model.train(wasTraining);
      stale.forEach((norm, i) => {
        norm.inference = inference[i];
      });
      defaultRandom.load(random);
    }
  }

  /** For each prediction: log-probability of the target, and of the likeliest token; entropy. */
  #predict(watch: OperationWatcher) {
    using _pass = new Scope();
    const inputs = tensor(this.#inputs, { shape: [this.#rows, this.#length] }); // (B, T)
    const logits = watchOperations(watch, () => this.model.forward(inputs)); // (B, V) or (B, T, V)
    const logP = logSoftmax(logits.reshape(this.#targets.length, this.model.vocabSize), -1); // (N, V)
    const target = gather(logP, 1, tensor(this.#targets, { shape: [this.#targets.length, 1] }));
    const entropy = logP.exp().mul(logP.clamp(-1e9)).sum(1).neg(); // where p is 0, 0
    return {
      target: target.doublesSync(),
      best: amax(logP, 1).doublesSync(),
      entropy: entropy.doublesSync(),
    };
  }

  #summary({ target, best, entropy }: Record<'target' | 'best' | 'entropy', Float64Array>) {
    const losses = target.map((logP) => -logP);
    const confidence = best.map((logP) => Math.exp(logP));
    const right = target.map((logP, i) => (logP === best[i] ? 1 : 0));
    const binOf = (p: number) => Math.min(CALIBRATION_BINS - 1, Math.floor(p * CALIBRATION_BINS));
    const calibration = Array.from({ length: CALIBRATION_BINS }, (_, bin) => {
      const inside = [...confidence.keys()].filter((i) => binOf(confidence[i]) === bin);
      const over = (values: Float64Array) => mean(inside.map((i) => values[i]));
      return { tokens: inside.length, confidence: over(confidence), accuracy: over(right) };
    });
    const error = calibration.reduce(
      (sum, { tokens, confidence, accuracy }) =>
        tokens === 0 ? sum : sum + (tokens / target.length) * Math.abs(confidence - accuracy),
      0,
    );
    return {
      split: this.split,
      tokens: target.length,
      loss: figure(mean(losses)),
      entropy: figure(mean(entropy)),
      confidence: figure(mean(confidence)),
      accuracy: figure(mean(right)),
      calibrationError: figure(error),
      positions: lossBy(this.#positions, losses),
      frequencies: lossBy(this.#frequencies, losses),
      calibration: calibration.map(({ tokens, confidence, accuracy }) => ({
        ...{ tokens, confidence: figure(confidence), accuracy: figure(accuracy) },
      })),
    };
  }
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length; // 0/0 is NaN
}

interface Bands {
  /** Where each band begins. */
  readonly from: readonly number[];
  /** The band of each prediction. */
  readonly of: Int32Array;
}

/** A band for each position of a short block; two an octave of a long one. */
function positionBands(positions: number, count: number): Bands {
  const from = [...Array(positions).keys()].filter(
    (at) =>
      positions <= 32 || at <= 1 || at === Math.round(2 ** (Math.round(2 * Math.log2(at)) / 2)),
  );
  const of = Int32Array.from({ length: count }, (_, i) => lastAtMost(from, i % positions));
  return { from, of };
}

/** Bands by powers of ten of the count in the training text: 0, 1 to 9, 10 to 99 … */
function frequencyBands(targets: Int32Array, train: ArrayLike<number>, vocabSize: number): Bands {
  const counts = new Float64Array(vocabSize);
  for (let i = 0; i < train.length; i++) counts[train[i]]++;
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const from = [0];
  for (let at = 1; at <= most; at *= 10) from.push(at);
  return { from, of: targets.map((id) => lastAtMost(from, counts[id])) };
}

function lastAtMost(from: readonly number[], value: number): number {
  return from.findLastIndex((start) => start <= value);
}

function lossBy({ from, of }: Bands, losses: Float64Array) {
  return from.map((start, band) => {
    const inside = losses.filter((_, i) => of[i] === band);
    return { from: start, tokens: inside.length, loss: figure(mean(inside)) };
  });
}
