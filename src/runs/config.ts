/** What a run is: model, data, tokenizer, split, seed and training, from a preset and what the user sets. */
import { closest, distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { DEFAULT_DATASET } from '../data/public-datasets.js';
import { checkSplit, DEFAULT_SPLIT, type SplitFractions } from '../data/split.js';
import type { ModelDefinition } from '../models/index.js';
import { UsageError } from '../util/errors.js';
import { describeIssue, describeIssues } from './issues.js';
import { resolveTraining, type TrainingSettings, trainingSchema } from './settings.js';

/** What a run is set to do: enough to do it again with the same version on the same data. */
export interface RunSettings {
  /** The kind of model. */
  model: string;
  preset: string;
  /** The model's own settings, complete. */
  modelConfig: Record<string, unknown>;
  training: TrainingSettings;
  /** A dataset's name, a path or a URL. */
  data: string;
  /** Whether each line is a document of its own; as the dataset is registered, where it is not said. */
  documents?: boolean;
  tokenizer: string;
  split: SplitFractions;
  /** Of initialisation, dropout and the order of the data. */
  seed: number;
}

/** Settings of the run itself, beside those of model and training. */
const runShape = {
  data: z.string().min(1).describe('a dataset, a file or folder of text, or a URL'),
  documents: z
    .boolean()
    .describe(
      'treat each line as a document of its own, shuffled before the split; true for names',
    ),
  tokenizer: z.string().min(1).describe('the tokenizer: a name or file'),
  split: z
    .array(z.number())
    .min(2)
    .max(3)
    .describe('fractions for train, validation and test; default: 0.8,0.1,0.1'),
  seed: z.int().min(0).describe('seed of initialisation, dropout and data order; default: 0'),
};

/** One key that can be set. */
export interface SettingInfo {
  readonly key: string;
  readonly of: 'run' | 'model' | 'training';
  /** What it means, and the reason of its default. */
  readonly description: string;
  readonly schema: z.ZodType;
}

/** Every key that `--set` accepts for a model, in the order run, model, training. */
export function settingsOf(definition: ModelDefinition): Map<string, SettingInfo> {
  const settings = new Map<string, SettingInfo>();
  const add = (of: SettingInfo['of'], shape: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(shape)) {
      const schema = value as z.ZodType;
      const before = settings.get(key);
      if (before) {
        // A mistake in a model's definition, not the user's.
        throw new Error(
          `model ${definition.name}: its setting "${key}" is one of ${before.of} too`,
        );
      }
      settings.set(key, { key, of, description: schema.description ?? '', schema });
    }
  };
  add('run', runShape);
  // Training before the model, so that the error names the model's key; listed after it.
  add('training', trainingSchema.shape);
  add('model', modelShape(definition));
  const order = ['run', 'model', 'training'];
  return new Map([...settings].sort(([, a], [, b]) => order.indexOf(a.of) - order.indexOf(b.of)));
}

function modelShape({ name, schema }: ModelDefinition): Readonly<Record<string, unknown>> {
  if (!(schema instanceof z.ZodObject))
    throw new Error(`model ${name}: its schema is not an object`);
  return schema.shape;
}

/**
 * Reads `key=value` pairs as the command line has them. A value is read as what its key's schema
 * takes: a number, true or false, numbers as `1,2,3`, text, or texts as `a,b`.
 *
 * @throws UsageError for a key that does not exist (naming the nearest) or a value that does not fit.
 */
export function parseOverrides(
  definition: ModelDefinition,
  pairs: readonly string[],
): Record<string, unknown> {
  const settings = settingsOf(definition);
  const values: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--set ${pair}: expected key=value.`);
    const key = pair.slice(0, at).trim();
    if (Object.hasOwn(values, key)) throw new UsageError(`--set ${pair}: ${key} is set twice.`);
    values[key] = parseValue(lookUp(settings, definition, key), pair.slice(at + 1).trim());
  }
  return values;
}

function lookUp(
  settings: ReadonlyMap<string, SettingInfo>,
  definition: ModelDefinition,
  key: string,
): SettingInfo {
  const info = settings.get(key);
  if (info) return info;
  throw unknownName(`setting of ${definition.name}`, key, [...settings.keys()]);
}

/** An error that names the nearest of the names that there are. */
export function unknownName(what: string, name: string, known: readonly string[]): UsageError {
  const near = known.length > 0 ? closest(name, known) : undefined;
  const close = near !== undefined && distance(name, near) <= Math.max(2, near.length / 2);
  return new UsageError(
    `unknown ${what} "${name}".${close ? ` Did you mean "${near}"?` : ''} There are: ${known.join(', ')}.`,
  );
}

function parseValue({ key, description, schema }: SettingInfo, text: string): unknown {
  const candidates: unknown[] = [];
  if (text !== '' && !Number.isNaN(Number(text))) candidates.push(Number(text));
  if (text === 'true' || text === 'false') candidates.push(text === 'true');
  const parts = text === '' ? [] : text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '' && !Number.isNaN(Number(part)))) {
    candidates.push(parts.map(Number));
  }
  candidates.push(text, parts);
  for (const candidate of candidates) {
    const result = schema.safeParse(candidate);
    if (result.success) return result.data;
  }
  // That a value of the right type does not fit says more than that another one is expected, and an error
  // inside a list more than that it should be one.
  const errors = candidates.map((candidate) => schema.safeParse(candidate).error!);
  const error =
    errors.find(({ issues }) => issues[0]!.code !== 'invalid_type') ??
    errors.find(({ issues }) => issues[0]!.path.length > 0) ??
    errors[0]!;
  // What was typed, and not what it was tried as.
  const problem = describeIssue(error.issues[0]!, text === '' ? 'nothing' : `"${text}"`);
  throw new UsageError(`${key}=${text}: ${problem}. ${key} is: ${description}.`);
}

/**
 * The settings of a run: the model's preset, and on top of it what the user gives.
 *
 * @param options.preset Default: the model's default preset.
 * @param options.overrides values by key, of run, model or training; undefined ones are ignored.
 * @throws UsageError for an unknown preset or key (naming the nearest), a value that does not fit, or
 *   settings that contradict each other.
 */
export function buildSettings(
  definition: ModelDefinition,
  options: { preset?: string | undefined; overrides?: Readonly<Record<string, unknown>> } = {},
): RunSettings {
  const name = options.preset ?? definition.defaultPreset;
  const preset = Object.hasOwn(definition.presets, name) ? definition.presets[name] : undefined;
  if (!preset) {
    throw unknownName(`preset of ${definition.name}`, name, Object.keys(definition.presets));
  }
  const settings = settingsOf(definition);
  const given: Record<SettingInfo['of'], Record<string, unknown>> = {
    run: {},
    model: {},
    training: {},
  };
  for (const [key, value] of Object.entries(options.overrides ?? {})) {
    if (value !== undefined) given[lookUp(settings, definition, key).of][key] = value;
  }
  const run = z.strictObject(runShape).partial().safeParse(given.run);
  if (!run.success) throw doesNotFit('run', run.error, given.run);
  const wanted = { ...preset.model, ...given.model };
  const modelConfig = definition.schema.safeParse(wanted);
  if (!modelConfig.success) throw doesNotFit(definition.name, modelConfig.error, wanted);
  const training = resolveTraining(preset.training, given.training);
  const [train, validation, test] = run.data.split ?? preset.split ?? DEFAULT_SPLIT;
  const split = checkSplit([train!, validation!, test ?? 0]);
  if (training.patience > 0 && split[1] === 0) {
    throw new UsageError(
      `patience=${training.patience} waits for a better validation loss, but split ${split.join(',')} has no validation part.`,
    );
  }
  return {
    model: definition.name,
    preset: name,
    modelConfig: modelConfig.data as Record<string, unknown>,
    training,
    data: run.data.data ?? preset.data ?? DEFAULT_DATASET,
    ...(run.data.documents !== undefined && { documents: run.data.documents }),
    tokenizer: run.data.tokenizer ?? preset.tokenizer,
    split,
    seed: run.data.seed ?? 0,
  };
}

function doesNotFit(what: string, error: z.ZodError, values: unknown): UsageError {
  return new UsageError(`settings of ${what}: ${describeIssues(error, values)}.`);
}

/**
 * The settings of a run that goes on, with what the user changes.
 *
 * @throws UsageError for what a run cannot change on its way: model, data, tokenizer, split, seed; and
 *   the optimizer, its groups and the batch, without which its state makes no sense.
 */
export function changeSettings(
  definition: ModelDefinition,
  settings: RunSettings,
  overrides: Readonly<Record<string, unknown>>,
): RunSettings {
  const all = settingsOf(definition);
  const given: Record<string, unknown> = {};
  const fixed = [
    'optimizer',
    'lrScale',
    'momentum',
    'weightDecay',
    'emaDecay',
    'batchSize',
    'gradAccumulation',
  ];
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const { of } = lookUp(all, definition, key);
    const before = { ...settings, ...settings.modelConfig, ...settings.training }[key];
    if (JSON.stringify(before) === JSON.stringify(value)) continue;
    if (of !== 'training' || fixed.includes(key)) {
      throw new UsageError(
        `${key} cannot change while a run goes on (it is ${JSON.stringify(before)}): what was learned and the order of the data depend on it. Start a new run for that.`,
      );
    }
    given[key] = value;
  }
  return { ...settings, training: resolveTraining(settings.training, given) };
}
