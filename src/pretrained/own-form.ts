/**
 * Models that no other library has, as safetensors with a `config.json` that says in words what they are: enough
 * to build them anew elsewhere.
 */
import { CountedEnough, countingBackend } from '../backend/counting.js';
import { restoreSafetensors, type SafetensorsFile } from '../formats/index.js';
import { type LanguageModel, type ModelDefinition, models } from '../models/index.js';
import { defaultRandom, Scope, withBackend } from '../tensor/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { UserError } from '../util/errors.js';
import { memoryLimit } from '../util/memory-limit.js';
import { formatShape } from '../util/shape.js';
import { checkSource } from './fill.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import type { Found } from './opened.js';

const FORMAT = 'nanogpt-model';
/** Parameters of a model that is counted before it is made. */
const PATIENCE = 4000;
const MOST_BUFFERS = 1_000_000;

/** Whether a `config.json` is of this kind. */
export function isOwnForm(json: unknown): boolean {
  return (json as { format?: unknown } | null)?.format === FORMAT;
}

/** The `config.json` of a model of any kind. */
export function writeOwnForm(
  definition: ModelDefinition,
  modelConfig: Readonly<Record<string, unknown>>,
  model: LanguageModel,
): Record<string, unknown> {
  const { name, summary, source, schema } = definition;
  const shape = (schema as unknown as { shape?: Record<string, { description?: string }> }).shape;
  return {
    format: FORMAT,
    version: 1,
    model_type: `nanogpt-${name}`,
    model: name,
    summary,
    source,
    vocab_size: model.vocabSize,
    predicts:
      model.target === 'all'
        ? 'ids (B, T) → logits (B, T, vocab_size): after each position, the next token'
        : `ids (B, ${model.blockSize}) → logits (B, vocab_size): the token after the block`,
    settings: modelConfig,
    meaning: Object.fromEntries(
      Object.keys(modelConfig).map((key) => [key, shape?.[key]?.description ?? '']),
    ),
    tensors: Object.fromEntries(
      [...model.stateDict()].map(([path, tensor]) => [path, formatShape(tensor.shape)]),
    ),
  };
}

/** The tensors that a model has, found before there is one: built on a backend that only counts. */
function linksOfSkeleton(
  file: string,
  definition: ModelDefinition,
  modelConfig: Record<string, unknown>,
  vocabSize: number,
): Link[] {
  const random = defaultRandom.state();
  try {
    const limits = { bytes: memoryLimit(), patience: PATIENCE, buffers: MOST_BUFFERS };
    return withBackend(countingBackend(limits), () => {
      using _all = new Scope();
      const model = definition.create(modelConfig, vocabSize);
      return [...model.stateDict()].map(([own, { shape }]) => ({ own, theirs: own, shape }));
    });
  } catch (error) {
    if (!(error instanceof CountedEnough || error instanceof RangeError)) throw error;
    throw new UserError(`${file}: its settings ask for more than this machine has memory.`, {
      cause: error,
    });
  } finally {
    defaultRandom.load(random);
  }
}

/** @throws UserError where the kind of model is not known, its settings do not fit, or the weights do not. */
export function readOwnForm(
  keys: Keys,
  source: SafetensorsFile,
  tokenizer: Tokenizer | undefined,
): Found {
  try {
    const name = keys.text('model');
    const definition = models.get(name);
    if (!definition) {
      throw new UserError(
        `${keys.file}: there is no model "${name.slice(0, 80)}" here; expected one of ${[...models.keys()].join(', ')}. --import the file that registers it.`,
      );
    }
    const parsed = definition.schema.safeParse(keys.get('settings'));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new UserError(
        `${keys.file}: its settings do not fit ${name}: ${issue!.path.map(String).join('.')}: ${issue!.message}.`,
      );
    }
    const modelConfig = parsed.data as Record<string, unknown>;
    const vocabSize = keys.whole('vocab_size');
    checkSource(
      source,
      linksOfSkeleton(keys.file, definition, modelConfig, vocabSize),
      () => false,
    );
    return {
      family: FORMAT,
      described: { model: name, modelConfig, vocabSize },
      source,
      fill: (model) => restoreSafetensors(source.path, model.stateDict()),
      tokenizer,
      notices: [],
    };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}
