/** Choosing the next token from a row of logits. */
import { checkIterable, checkOptions } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UsageError, UserError } from '../util/errors.js';
import { Generator, type GeneratorState, streamFor } from '../util/random.js';

/** How tokens are chosen. */
export interface SamplingOptions {
  /** Logits are divided by it: below 1 the likely becomes likelier; 0 takes the likeliest. Default 1. */
  temperature?: number | undefined;
  /** Only the k likeliest tokens; 0 for all. Default 0. */
  topK?: number | undefined;
  /**
   * Only the likeliest tokens that together have at least this probability: the nucleus of Holtzman,
   * Buys, Du, Forbes and Choi, "The curious case of neural text degeneration" (ICLR 2020), section 3.1.
   * Default 1: all.
   */
  topP?: number | undefined;
  /**
   * Only tokens at least this many times as likely as the likeliest: few where the model is sure, many where
   * it is not. Nguyen et al. 2024, "Turning up the heat: min-p sampling for creative and coherent LLM outputs",
   * section 3. From 0 to 1. Default 0: all.
   */
  minP?: number | undefined;
  /**
   * By what the logits of tokens that stand in the text already are divided, or, below 0, multiplied: above 1
   * it repeats itself less. Keskar et al. 2019, "CTRL: a conditional transformer language model for
   * controllable generation", section 4.1, where 1.2 is used; a negative logit would grow by division. Default 1.
   */
  repetitionPenalty?: number | undefined;
  /** The same seed and logits give the same tokens. Default 0. */
  seed?: number | undefined;
}

/** The names of `SamplingOptions`. */
export const SAMPLING_OPTIONS = [
  'temperature',
  'topK',
  'topP',
  'minP',
  'repetitionPenalty',
  'seed',
] as const;

/**
 * Draws tokens. In this order: what was seen is penalised, the logits are divided by the temperature, the top k
 * are kept, of these the nucleus (its probability counted among what top-k left), of these those of at least
 * minP times the likeliest's probability, and one is drawn in proportion. Equals are kept by lower id.
 *
 * Computed in double precision. Draws one uniform number for each token, none at temperature 0.
 */
export class Sampler {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  #generator: Generator;
  #weights = new Float64Array(0);
  #ids = new Int32Array(0);

  /** @throws UsageError for an option out of range. */
  constructor(options: SamplingOptions = {}) {
    const given = checkOptions('sampling', options, SAMPLING_OPTIONS);
    const {
      temperature = 1,
      topK = 0,
      topP = 1,
      minP = 0,
      repetitionPenalty = 1,
      seed = 0,
    } = given;
    if (!(typeof temperature === 'number' && temperature >= 0 && temperature < Infinity)) {
      throw new UsageError(
        `temperature: expected a number of at least 0 (0: always the most likely), got ${describeValue(temperature)}.`,
      );
    }
    if (!Number.isSafeInteger(topK) || topK < 0) {
      throw new UsageError(
        `topK: expected a whole number of at least 0 (0: all), got ${describeValue(topK)}.`,
      );
    }
    if (!(typeof topP === 'number' && topP > 0 && topP <= 1)) {
      throw new UsageError(
        `topP: expected a number above 0 and at most 1 (1: all), got ${describeValue(topP)}.`,
      );
    }
    if (!(typeof minP === 'number' && minP >= 0 && minP <= 1)) {
      throw new UsageError(
        `minP: expected a number from 0 (all) to 1 (the likeliest), got ${describeValue(minP)}.`,
      );
    }
    const isPenalty = typeof repetitionPenalty === 'number' && repetitionPenalty > 0;
    if (!(isPenalty && repetitionPenalty < Infinity)) {
      throw new UsageError(
        `repetitionPenalty: expected a number above 0 (1: none), got ${describeValue(repetitionPenalty)}.`,
      );
    }
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new UsageError(
        `seed: expected a whole number of at least 0, got ${describeValue(seed)}.`,
      );
    }
    this.temperature = temperature;
    this.topK = topK;
    this.topP = topP;
    this.minP = minP;
    this.repetitionPenalty = repetitionPenalty;
    this.#generator = new Generator(seed, streamFor('sampling'));
  }

  state(): GeneratorState {
    return this.#generator.state();
  }

  restore(state: GeneratorState): void {
    this.#generator = Generator.fromState(state);
  }

  /**
   * The next token's id, from logits by id.
   *
   * @param seen ids that the text has already, for the repetition penalty.
   * @throws UserError when a logit is NaN or +∞, or all are −∞.
   */
  next(given: ArrayLike<number>, seen: Iterable<number> = []): number {
    const logits = this.#penalised(given, seen);
    const best = likeliest(logits);
    if (this.#isGreedy) return best;
    const kept = this.#keep(logits, best);
    return draw(this.#ids, kept, this.#weights, this.#generator.uniform());
  }

  /**
   * What `next` would draw from: the `count` likeliest of the tokens that penalties, temperature and filters leave,
   * with their probabilities. Draws nothing.
   *
   * @throws as `next`.
   */
  distribution(
    given: ArrayLike<number>,
    seen: Iterable<number> = [],
    count = 10,
  ): { id: number; probability: number }[] {
    const logits = this.#penalised(given, seen);
    const best = likeliest(logits);
    if (this.#isGreedy) return [{ id: best, probability: 1 }];
    const kept = this.#keep(logits, best);
    const weights = this.#weights;
    const sum = total(this.#ids, kept, weights);
    return Array.from(this.#ids.subarray(0, kept))
      .sort((a, b) => weights[b]! - weights[a]! || a - b)
      .slice(0, count)
      .map((id) => ({ id, probability: weights[id]! / sum }));
  }

  get #isGreedy(): boolean {
    return this.temperature === 0 || this.topK === 1;
  }

  #penalised(logits: ArrayLike<number>, seen: Iterable<number>): ArrayLike<number> {
    if (this.repetitionPenalty === 1) return logits;
    likeliest(logits); // refuses what is damaged
    checkIterable('sampling', 'the ids that were seen', seen);
    return penalised(logits, seen, this.repetitionPenalty);
  }

  /** Weighs all tokens by temperature, and moves those that the filters leave to the front of `#ids`: so many. */
  #keep(logits: ArrayLike<number>, best: number): number {
    const { topK, topP, minP } = this;
    const n = logits.length;
    if (this.#weights.length !== n) {
      this.#weights = new Float64Array(n);
      this.#ids = new Int32Array(n);
    }
    const weights = this.#weights;
    const ids = this.#ids;
    // Less the greatest first: at a low temperature the quotients would overflow.
    const greatest = logits[best]!;
    for (let id = 0; id < n; id++) {
      weights[id] = Math.exp((logits[id]! - greatest) / this.temperature);
      ids[id] = id;
    }
    let kept = n;
    if (topK > 0 && topK < n) kept = keepGreatest(ids, kept, weights, () => 1, topK);
    if (topP < 1) {
      const target = topP * total(ids, kept, weights);
      kept = keepGreatest(ids, kept, weights, (id) => weights[id]!, target);
    }
    if (minP > 0) kept = moveToFront(ids, kept, (id) => weights[id]! >= minP); // the likeliest weighs 1
    if (kept < n) ids.subarray(0, kept).sort(); // the order that selection left is nobody's business
    return kept;
  }
}

/** Logits with those of `seen` made less likely, in double precision. */
function penalised(
  logits: ArrayLike<number>,
  seen: Iterable<number>,
  penalty: number,
): Float64Array {
  const changed = Float64Array.from(logits);
  for (const id of new Set(seen)) {
    const logit = changed[id];
    if (logit !== undefined) changed[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return changed;
}

/** Moves those that `keep` holds of to the front of `ids[0 … count)`; returns how many they are. */
function moveToFront(ids: Int32Array, count: number, keep: (id: number) => boolean): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (!keep(id)) continue;
    ids[i] = ids[kept]!;
    ids[kept++] = id;
  }
  return kept;
}

function likeliest(logits: ArrayLike<number>): number {
  if (!Array.isArray(logits) && !(ArrayBuffer.isView(logits) && !(logits instanceof DataView))) {
    throw new UserError(`sampling: expected an array of logits, got ${describeValue(logits)}.`);
  }
  if (logits.length === 0) throw new UserError('sampling: expected logits, got none.');
  let best = 0;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (typeof logit !== 'number') {
      throw new UserError(
        `sampling: expected the logit of token ${id} to be a number, got ${describeValue(logit)}.`,
      );
    }
    if (logit > logits[best]!) best = id;
    if (Number.isNaN(logit) || logit === Infinity) {
      throw new UserError(
        `sampling: the logit of token ${id} is ${logit}: the model's weights are damaged, or its training diverged.`,
      );
    }
  }
  if (logits[best] === -Infinity) {
    throw new UserError('sampling: all logits are -Infinity, so no token can follow.');
  }
  return best;
}

function total(ids: Int32Array, count: number, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += weights[ids[i]!]!;
  return sum;
}

function draw(ids: Int32Array, count: number, weights: Float64Array, uniform: number): number {
  let left = uniform * total(ids, count, weights);
  let last = ids[0]!;
  for (let i = 0; i < count; i++) {
    const weight = weights[ids[i]!]!;
    if (weight === 0) continue;
    last = ids[i]!;
    left -= weight;
    if (left < 0) break;
  }
  return last; // the last that is possible, where rounding has left a remainder
}

/**
 * Moves to the front of `ids[0 … count)` the fewest of the greatest weights whose masses sum to at
 * least `target`, and returns how many these are. With a mass of 1 each this is top-k, with the weight
 * itself the nucleus.
 *
 * As quickselect (Hoare 1961, "Algorithm 65: Find"), with masses in place of positions: on average each
 * element is looked at a few times, where sorting 50,000 weights takes longer than a small model's
 * forward pass.
 */
function keepGreatest(
  ids: Int32Array,
  count: number,
  weights: Float64Array,
  mass: (id: number) => number,
  target: number,
): number {
  const before = (a: number, b: number): boolean => {
    const difference = weights[a]! - weights[b]!;
    return difference > 0 || (difference === 0 && a < b);
  };
  const swap = (i: number, j: number): void => {
    const held = ids[i]!;
    ids[i] = ids[j]!;
    ids[j] = held;
  };
  // What lies before `low` is kept with mass `sum`; what lies from `high` on is not.
  let low = 0;
  let high = count;
  let sum = 0;
  while (low < high && sum < target) {
    swap((low + high) >>> 1, high - 1);
    const pivot = ids[high - 1]!;
    let middle = low;
    let part = 0;
    for (let i = low; i < high - 1; i++) {
      if (!before(ids[i]!, pivot)) continue;
      part += mass(ids[i]!);
      swap(i, middle++);
    }
    swap(middle, high - 1);
    if (sum + part >= target) {
      high = middle;
    } else {
      sum += part + mass(pivot);
      low = middle + 1;
    }
  }
  return Math.max(1, sum >= target ? low : high);
}
