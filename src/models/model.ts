/**
 * The contract that every model honours, so that one loop trains, scores and samples them all.
 */
import type { z } from 'zod';
import type { Linear, Module } from '../nn/index.js';
import type { ClassParts, Tensor } from '../tensor/index.js';
import { checkObject, checkWhole } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UsageError, UserError } from '../util/errors.js';
import type { TrainingPreset } from './preset.js';

/** For `LanguageModel.loss`. */
export interface LossOptions {
  /** See `crossEntropy`. Default: 0. */
  labelSmoothing?: number;
  /** For training on several ranks, of a model with a `divisibleHead`: see `linearCrossEntropy`. Default: none. */
  classParts?: ClassParts | undefined;
}

/** A model of the next token, given the `blockSize` tokens before it. */
export interface LanguageModel extends Module {
  /** Number of different tokens, V. */
  readonly vocabSize: number;
  /** T: how many tokens it is given at once, in training. */
  readonly blockSize: number;
  /** How many tokens back its prediction can depend on. */
  readonly receptiveField: number;
  /**
   * What it predicts: the token after the block (`next`, targets (B)), or after each of its positions
   * (`all`, targets (B, T)).
   */
  readonly target: 'next' | 'all';

  /**
   * The last layer, where `loss` hands it to `linearCrossEntropy` together with its own options, nothing else uses its weight,
   * and the layers before it use each of theirs once for each of its rows: several ranks may then share its classes out. None where
   * that is not so.
   */
  readonly divisibleHead?: Linear;

  /** Logits of the next token: inputs (B, T) int32 → (B, V) for `next`, (B, T, V) for `all`. */
  forward(inputs: Tensor): Tensor;
  /** Mean cross-entropy in nats, a scalar: inputs (B, T), targets (B) or (B, T), both int32. */
  loss(inputs: Tensor, targets: Tensor, options?: LossOptions): Tensor;

  /**
   * For models that are counted, not descended: learns all at once from the training split's ids.
   * The trainer calls it in place of steps.
   */
  fit?(ids: ArrayLike<number>): void;
}

/**
 * What a model is made with, checked, defaults filled in: a model made in code gets the same messages as on
 * the command line.
 *
 * @throws UsageError for settings that do not fit, UserError for a vocabulary without tokens.
 */
export function checkedConfig<Config>(
  model: string,
  schema: z.ZodType<Config>,
  config: Partial<Config>,
  vocabSize: number,
): Config {
  checkWhole(model, 'vocabSize', vocabSize, 1);
  const { data, error } = schema.safeParse(checkObject(model, config as object));
  if (!error) return data;
  const [{ path, message }] = error.issues;
  const where = path.length > 0 ? `${path.map(String).join('.')}: ` : '';
  throw new UsageError(`${model}: ${where}${message}`);
}

/** Throws unless `model` has what every model has. It need not be of our class `Module`. */
export function checkLanguageModel(operation: string, model: LanguageModel): void {
  const { forward, train, vocabSize, blockSize } = (model ?? {}) as Partial<LanguageModel>;
  const acts = typeof forward === 'function' && typeof train === 'function';
  if (acts && Number.isSafeInteger(vocabSize) && Number.isSafeInteger(blockSize)) return;
  throw new UserError(`${operation}: expected a language model, got ${describeValue(model)}`);
}

/** What the registry knows of a kind of model. `Config` is plain JSON. */
export interface ModelDefinition<Config extends object = object> {
  readonly name: string;
  /** One line for lists and `--help`. */
  readonly summary: string;
  /** Paper or code that it follows. */
  readonly source: string;
  /** Checks a configuration and fills in defaults; each key carries its meaning and the reason of its default. */
  readonly schema: z.ZodType<Config>;
  readonly presets: Readonly<Record<string, Preset<Config>>>;
  readonly defaultPreset: string;
  /** Builds it with fresh parameters from the default random source. */
  create(config: Config, vocabSize: number): LanguageModel;
}

/** A named starting point: the model's settings, what it reads, and how it is trained. */
export interface Preset<Config extends object = object> {
  /** One line for lists. */
  readonly summary: string;
  readonly model: Partial<Config>;
  readonly tokenizer: string;
  readonly training: TrainingPreset;
  /** Shares of train, validation and test. Default: 0.8, 0.1, 0.1. */
  readonly split?: readonly [number, number, number];
  /** A dataset's name. Default: tiny_shakespeare. */
  readonly data?: string;
}
