/** The form of a new run: which settings there are, and whether what was typed fits, as the command line judges it. */
import * as z from 'zod';
import { DATASETS } from '../data/index.js';
import { type ModelDefinition, models } from '../models/index.js';
import { buildSettings, parseOverrides, type RunSettings, settingsOf } from '../runs/index.js';
import { TOKENIZER_NAMES } from '../tokenizers/index.js';
import { modelDefinition } from '../train/index.js';

export interface FormSetting {
  readonly key: string;
  readonly of: 'run' | 'model' | 'training';
  readonly description: string;
  /** What a field for it is to be. */
  readonly kind: 'number' | 'boolean' | 'choice' | 'text';
  readonly options?: readonly string[];
}

export interface FormModel {
  readonly name: string;
  readonly summary: string;
  readonly settings: readonly FormSetting[];
  readonly presets: readonly {
    readonly name: string;
    readonly summary: string;
    /** Every setting, as one would type it. */
    readonly values: Readonly<Record<string, string>>;
  }[];
  readonly defaultPreset: string;
}

export interface FormReply {
  readonly models: readonly FormModel[];
  readonly datasets: readonly string[];
  readonly tokenizers: readonly string[];
}

/** What was typed: settings that differ from the preset's. */
export interface Typed {
  readonly model: string;
  readonly preset: string;
  readonly settings: Readonly<Record<string, string>>;
}

export function forms(): FormReply {
  return {
    models: [...models.values()].map(formOf),
    datasets: Object.keys(DATASETS),
    tokenizers: Object.keys(TOKENIZER_NAMES),
  };
}

function formOf(definition: ModelDefinition): FormModel {
  const { name, summary, presets, defaultPreset } = definition;
  return {
    name,
    summary,
    defaultPreset,
    settings: [...settingsOf(definition).values()].map(({ key, of, description, schema }) => ({
      ...{ key, of, description },
      ...fieldOf(schema),
    })),
    presets: Object.entries(presets).map(([preset, { summary }]) => ({
      name: preset,
      summary,
      values: typedOf(buildSettings(definition, { preset })),
    })),
  };
}

function fieldOf(schema: z.ZodType): Pick<FormSetting, 'kind' | 'options'> {
  const { type, enum: options } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
  if (Array.isArray(options)) return { kind: 'choice', options: options.map(String) };
  if (type === 'boolean') return { kind: 'boolean' };
  return { kind: type === 'number' || type === 'integer' ? 'number' : 'text' };
}

/** Settings by key, as `--set` takes them. */
export function typedOf(settings: RunSettings): Record<string, string> {
  const { modelConfig, training, data, documents, tokenizer, split, seed } = settings;
  const all = { data, documents, tokenizer, split, seed, ...training, ...modelConfig };
  return Object.fromEntries(
    Object.entries(all)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [key, typed(value)]),
  );
}

function typed(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `--set` options of what was typed. */
export function pairsOf(settings: Typed['settings']): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${value}`);
}

/**
 * What a run with these settings would be set to.
 *
 * @throws UsageError with the words of the command line.
 */
export function checkTyped({ model, preset, settings }: Typed): Record<string, string> {
  const definition = modelDefinition(model);
  const overrides = parseOverrides(definition, pairsOf(settings));
  return typedOf(buildSettings(definition, { preset, overrides }));
}
