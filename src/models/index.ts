import { bigram } from './bigram.js';
import { hierarchical } from './hierarchical.js';
import { mlp } from './mlp.js';
import type { ModelDefinition } from './model.js';
import { wavenet } from './wavenet.js';

/** All kinds of model, by name, simplest first. A new model joins by a line here. */
export const models: ReadonlyMap<string, ModelDefinition> = new Map(
  [bigram, mlp, hierarchical, wavenet].map((definition) => [
    definition.name,
    definition as ModelDefinition,
  ]),
);

export { type BigramConfig, bigram, LearnedBigram } from './bigram.js';
export { CountedBigram } from './bigram-counted.js';
export { Hierarchical, type HierarchicalConfig, hierarchical } from './hierarchical.js';
export { MLP, type MLPConfig, mlp } from './mlp.js';
export type { LanguageModel, LossOptions, ModelDefinition, Preset } from './model.js';
export type { TrainingPreset } from './preset.js';
export { WaveNet, type WaveNetConfig, wavenet } from './wavenet.js';
