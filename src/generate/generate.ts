/** The decoding loop: from a prompt, token after token. */
import type { LanguageModel } from '../models/index.js';
import { checkLanguageModel } from '../models/model.js';
import { noGrad, scope, type Tensor, tensor } from '../tensor/index.js';
import { checkFlag, checkObject, checkOptions, checkWhole } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { choiceOf, type TokenChoice } from './choice.js';
import { SAMPLING_OPTIONS, Sampler, type SamplingOptions } from './sampler.js';

/**
 * A model's own way of decoding, where it can do better than a forward pass over the window for each
 * token: it remembers what it has seen (keys and values, a convolution's past).
 */
export interface Decoding extends Disposable {
  /**
   * Takes in the next ids, in order, and returns the logits (V) of what follows the last of them.
   * Called without recording, inside a scope: what it remembers is to be retained.
   */
  feed(ids: Int32Array): Tensor;
}

/** A model that may bring its own decoding. */
export interface DecodingModel extends LanguageModel {
  /** Undefined where its settings allow none; the window is then gone through for each token. */
  startDecoding?(): Decoding | undefined;
}

export interface GenerateOptions extends SamplingOptions {
  /** How many tokens to write. Default 100. */
  maxTokens?: number | undefined;
  /** Ids after which to stop; the one that comes is still given. Default none. */
  stopAt?: readonly number[] | undefined;
  /**
   * What a model that needs exactly T tokens is given before the prompt where this is shorter, and what
   * an empty prompt stands for. Default token 0.
   */
  pad?: number | undefined;
  /**
   * Whether a model may remember what it has seen, keys and values for instance. Without, it goes through the whole
   * text anew for each token: slower, and the same text. Default true.
   */
  cache?: boolean | undefined;
  /** How many of the likeliest tokens `generateChoices` names at each place. Default 5. */
  alternatives?: number | undefined;
  /** Whether `generateChoices` tells the distribution after temperature and filters too (`drawn`). Default false. */
  drawn?: boolean | undefined;
}

/**
 * Writes on from a prompt, a token at a time, for as long as the caller asks for more.
 *
 * The model sees the last tokens of prompt and text: as many as it can use (`all`: up to `blockSize`,
 * and no more than its receptive field; `next`: exactly `blockSize`, padded on the left). It runs in
 * evaluation mode, and is put back into the mode it was in.
 *
 * @param prompt token ids; may be empty.
 * @throws UserError for an id outside the vocabulary, UsageError for sampling options out of range.
 */
export function* generateTokens(
  model: DecodingModel,
  prompt: ArrayLike<number>,
  options: GenerateOptions = {},
): Generator<number, void, undefined> {
  for (const { id } of places(model, prompt, options)) yield id;
}

/**
 * As `generateTokens`, and with each token how likely it was to the model, and what else might have come: a pass
 * over the logits more.
 *
 * ```ts
 * for (const { id, surprise, alternatives } of generateChoices(model, prompt, { alternatives: 3 })) { … }
 * ```
 */
export function* generateChoices(
  model: DecodingModel,
  prompt: ArrayLike<number>,
  options: GenerateOptions = {},
): Generator<TokenChoice, void, undefined> {
  const { alternatives = 5, drawn = false } = checkObject('generate', options);
  checkWhole('generate', 'alternatives', alternatives);
  checkFlag('generate', 'drawn', drawn);
  for (const { id, logits, sampler, seen } of places(model, prompt, options)) {
    const choice = choiceOf(logits, id, alternatives);
    yield drawn ? { ...choice, drawn: sampler.distribution(logits, seen, alternatives) } : choice;
  }
}

interface Place {
  readonly id: number;
  readonly logits: Float32Array;
  readonly sampler: Sampler;
  readonly seen: ReadonlySet<number>;
}

/** Each token that is written, the logits it was chosen from, and what had been seen then. */
function* places(
  model: DecodingModel,
  prompt: ArrayLike<number>,
  options: GenerateOptions,
): Generator<Place, void, undefined> {
  checkLanguageModel('generate', model);
  const {
    maxTokens = 100,
    stopAt = [],
    pad = 0,
    cache = true,
    alternatives: _alternatives,
    drawn: _drawn,
    ...sampling
  } = checkOptions('generate', options, [
    ...SAMPLING_OPTIONS,
    'maxTokens',
    'stopAt',
    'pad',
    'cache',
    'alternatives',
    'drawn',
  ]);
  checkFlag('generate', 'cache', cache);
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 0) {
    throw new UserError(
      `maxTokens: expected a whole number of at least 0, got ${describeValue(maxTokens)}.`,
    );
  }
  if (!Array.isArray(stopAt)) {
    throw new UserError(`stopAt: expected an array of token ids, got ${describeValue(stopAt)}.`);
  }
  if (!Array.isArray(prompt) && !(ArrayBuffer.isView(prompt) && !(prompt instanceof DataView))) {
    throw new UserError(`prompt: expected an array of token ids, got ${describeValue(prompt)}.`);
  }
  const sampler = new Sampler(sampling);
  const history = prompt.length > 0 ? Array.from(prompt) : [pad];
  checkIds('prompt', model, [...history, pad]);
  checkIds('stopAt', model, stopAt);
  const seen = new Set(prompt.length > 0 ? history : []);
  const wasTraining = model.training;
  model.eval();
  try {
    using decoding = startDecoding(model, pad, cache);
    let fresh = Int32Array.from(history);
    for (let count = 0; count < maxTokens; count++) {
      const logits = scope(() =>
        read(
          noGrad(() => decoding.feed(fresh)),
          model.vocabSize,
        ),
      );
      const id = sampler.next(logits, seen);
      yield { id, logits, sampler, seen };
      seen.add(id);
      if (stopAt.includes(id)) return;
      fresh = Int32Array.of(id);
    }
  } finally {
    model.train(wasTraining);
  }
}

/** All that `generateTokens` gives, at once. */
export function generate(
  model: DecodingModel,
  prompt: ArrayLike<number>,
  options: GenerateOptions = {},
): number[] {
  return [...generateTokens(model, prompt, options)];
}

function startDecoding(model: DecodingModel, pad: number, cache: boolean): Decoding {
  const own = model.startDecoding?.();
  if (!own) return new WindowDecoding(model, pad);
  if (cache) return own;
  own[Symbol.dispose]();
  return new ForgetfulDecoding(model);
}

/** A model's own decoding without its memory: begun anew with the whole text for each token. */
class ForgetfulDecoding implements Decoding {
  readonly #history: number[] = [];

  constructor(private readonly model: DecodingModel) {}

  feed(ids: Int32Array): Tensor {
    this.#history.push(...ids);
    using decoding = this.model.startDecoding!()!;
    return decoding.feed(Int32Array.from(this.#history));
  }

  [Symbol.dispose](): void {}
}

/** A forward pass over the last tokens, each time. */
class WindowDecoding implements Decoding {
  readonly #window: Int32Array;
  /** How many of the window's last tokens are filled. */
  #filled = 0;

  constructor(
    private readonly model: LanguageModel,
    pad: number,
  ) {
    const { blockSize, receptiveField, target } = model;
    const length = target === 'next' ? blockSize : Math.max(1, Math.min(blockSize, receptiveField));
    this.#window = new Int32Array(length).fill(pad);
    if (target === 'next') this.#filled = length; // padded, it counts as full
  }

  feed(ids: Int32Array): Tensor {
    const window = this.#window;
    const T = window.length;
    const last = ids.subarray(Math.max(0, ids.length - T));
    window.copyWithin(0, last.length);
    window.set(last, T - last.length);
    this.#filled = Math.min(T, this.#filled + last.length);
    const seen = window.subarray(T - this.#filled);
    const logits = this.model.forward(tensor(seen, { shape: [1, seen.length] })); // (1, V) or (1, T, V)
    const V = logits.size(-1);
    return logits.alias([V], logits.offset + logits.numel - V); // → (V), of the last position
  }

  [Symbol.dispose](): void {}
}

function read(logits: Tensor, vocabSize: number): Float32Array {
  if (logits.numel !== vocabSize) {
    throw new Error(`decoding: expected ${vocabSize} logits, got ${logits.toString()}`);
  }
  return logits.dataSync() as Float32Array;
}

function checkIds(what: string, { vocabSize }: LanguageModel, ids: readonly number[]): void {
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new UserError(
        `${what}: expected token ids from 0 to ${vocabSize - 1}, got ${describeValue(id)}.`,
      );
    }
  }
}
