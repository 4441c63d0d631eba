/** Models by their name in the registry. */
import { type LanguageModel, type ModelDefinition, models } from '../models/index.js';
import { type RunSettings, unknownName } from '../runs/config.js';
import { manualSeed } from '../tensor/index.js';

/** The definition of a kind of model. @throws UsageError for an unknown name, naming the nearest. */
export function modelDefinition(name: string): ModelDefinition {
  const definition = models.get(name);
  if (!definition) throw unknownName('model', name, [...models.keys()]);
  return definition;
}

/** A model with fresh parameters: the same seed gives the same ones, bit for bit. */
export function createModel(
  settings: Pick<RunSettings, 'model' | 'modelConfig' | 'seed'>,
  vocabSize: number,
  definition = modelDefinition(settings.model),
): LanguageModel {
  manualSeed(settings.seed);
  return definition.create(settings.modelConfig, vocabSize);
}
