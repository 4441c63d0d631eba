/** A model of somebody's, opened: its configuration is read and its file checked, and no value is read yet. */
import type { TensorSource } from '../formats/index.js';
import { type LanguageModel, type ModelDefinition, models } from '../models/index.js';
import { sizesOf } from '../models/transformer/settings.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { UsageError, UserError } from '../util/errors.js';
import type { Described, Settled } from './family.js';

/** What a model that was loaded is. */
export interface PretrainedConfig {
  /** What it was published as: `gpt2`, `qwen2`, `llama2.c`, … */
  readonly family: string;
  /** The kind of model here, as `models` has it: `gpt`, `llama`, … */
  readonly model: string;
  /** Its settings, in full. */
  readonly modelConfig: Readonly<Record<string, unknown>>;
  readonly vocabSize: number;
}

export interface OpenOptions {
  /**
   * The most tokens that it is to see at once, at most as many as it was published with. Default: as many. Fewer
   * need less memory, in training and for what generation remembers.
   */
  blockSize?: number | undefined;
  /** Tokens to keep, the first ones: published vocabularies are often filled up to a round number. Default all. */
  vocabSize?: number | undefined;
}

/** What a reader of some kind of file found. */
export interface Found {
  readonly family: string;
  readonly described: Pick<PretrainedConfig, 'model' | 'modelConfig' | 'vocabSize'>;
  readonly source: TensorSource;
  /** Puts the values into the parameters of a model made with the settings, or with a smaller vocabulary or block. */
  readonly fill: (model: LanguageModel) => void;
  readonly tokenizer: Tokenizer | undefined;
  readonly notices: readonly string[];
}

/** Settings in full, and what follows from them. @throws UserError, where they fit no model. */
export function settle(file: string, { model, config, vocabSize }: Described): Settled {
  const full = models.get(model)!.schema.safeParse(config);
  if (!full.success) {
    const issue = full.error.issues[0]!;
    throw new UserError(
      `${file}: does not make sense: ${issue.path.map(String).join('.')}: ${issue.message}.`,
    );
  }
  const complete = full.data as Settled['config'];
  try {
    return { config: complete, sizes: sizesOf(model, complete), vocabSize };
  } catch (error) {
    throw new UserError(`${file}: does not make sense: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

export class OpenedPretrained implements Disposable {
  readonly config: PretrainedConfig;
  readonly definition: ModelDefinition;
  /** Undefined where there is none beside the weights. */
  readonly tokenizer: Tokenizer | undefined;
  /** Lines for the user: what was not understood, or left out. */
  readonly notices: readonly string[];
  readonly #found: Found;

  /** @throws UsageError where it is to see more, or know more tokens, than it can. */
  constructor(found: Found, { blockSize, vocabSize }: OpenOptions = {}) {
    const { family, described, tokenizer, notices } = found;
    this.#found = found;
    this.tokenizer = tokenizer;
    this.notices = notices;
    this.definition = models.get(described.model)!;
    const modelConfig = { ...described.modelConfig };
    const { source } = found;
    const reach = modelConfig['blockSize'] as number;
    const check = (what: string, value: number | undefined, most: number): void => {
      if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return;
      source[Symbol.dispose]();
      throw new UsageError(
        `${source.path}: expected ${what} to be a whole number from 1 to ${most}, got ${value}.`,
      );
    };
    check('blockSize', blockSize, reach);
    check('vocabSize', vocabSize, described.vocabSize);
    if (blockSize !== undefined) modelConfig['blockSize'] = blockSize;
    this.config = {
      family,
      model: described.model,
      modelConfig,
      vocabSize: vocabSize ?? described.vocabSize,
    };
  }

  /** A model with the published weights, in evaluation mode. Other weights are never in memory besides. */
  create(): LanguageModel {
    const model = this.definition.create(this.config.modelConfig, this.config.vocabSize);
    try {
      this.fill(model);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model.eval();
  }

  /** Puts the published weights into a model that was made with `config`. */
  fill(model: LanguageModel): void {
    this.#found.fill(model);
  }

  [Symbol.dispose](): void {
    this.#found.source[Symbol.dispose]();
  }
}
