/** What a new run writes down of itself. */
import type { LoadedDataset } from '../data/loaded.js';
import type { LanguageModel } from '../models/index.js';
import type { RunSettings } from '../runs/config.js';
import type { RunConfig } from '../runs/run-config-schema.js';

/** All of `config.json` but the run's name and what it is made with. */
export function newRunConfig(
  settings: RunSettings,
  model: LanguageModel,
  { info, tokenizer }: Pick<LoadedDataset, 'info' | 'tokenizer'>,
): Omit<RunConfig, 'name' | 'versions'> {
  return {
    format: 'nanogpt-run',
    version: 1,
    created: new Date().toISOString(),
    ...settings,
    modelConfig: settings.modelConfig as RunConfig['modelConfig'],
    split: [...settings.split],
    dataset: { ...info, split: undefined, cached: undefined },
    vocabSize: tokenizer.vocabSize,
    parameters: {
      total: model.parameterCount(),
      trainable: model.parameterCount({ trainable: true }),
    },
  };
}
