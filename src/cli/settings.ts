/** From the command's options to a run's settings. */
import fs from 'node:fs';
import path from 'node:path';
import { parseSplit } from '../data/index.js';
import { datasetName } from '../data/registry.js';
import { type ModelDefinition, models } from '../models/index.js';
import { parseOverrides, settingsOf } from '../runs/index.js';
import { UsageError } from '../util/errors.js';

/** The options that stand for settings. */
export interface SettingOptions {
  data?: string;
  tokenizer?: string;
  steps?: number;
  lr?: number;
  seed?: number;
  split?: string;
  maxSeconds?: number;
  probes?: true;
  set?: string[];
}

/**
 * What the user gave, by the keys of settings: `--set` and the options of their own together.
 *
 * @throws UsageError for a key that does not exist, a value that does not fit, or one given both ways.
 */
export function overridesOf(
  definition: ModelDefinition,
  options: SettingOptions,
): Record<string, unknown> {
  const { data, tokenizer, steps, lr, seed, split, maxSeconds, probes } = options;
  const own: Record<string, unknown> = {
    ...{ data, tokenizer, steps, lr, seed, maxSeconds, probes },
  };
  if (split !== undefined) own['split'] = [...parseSplit(split)];
  const overrides = parseOverrides(definition, options.set ?? []);
  for (const [key, value] of Object.entries(own)) {
    if (value === undefined) continue;
    if (Object.hasOwn(overrides, key)) {
      throw new UsageError(`${key} is given twice: as an option and with --set.`);
    }
    overrides[key] = value;
  }
  const { data: named } = overrides;
  if (typeof named === 'string') overrides['data'] = wherever(named);
  return overrides;
}

/** Every key that `--set` takes with one model or another. */
export function settingKeys(): Set<string> {
  return new Set([...models.values()].flatMap((definition) => [...settingsOf(definition).keys()]));
}

/** A path made absolute, so that the run finds its text from any folder; a name or a URL as it is. */
export function wherever(data: string): string {
  return datasetName(data) === undefined && fs.existsSync(data) ? path.resolve(data) : data;
}
