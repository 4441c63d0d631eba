export { bigram, LearnedBigram } from './bigram.js';
export type { BigramConfig } from './bigram-config.js';
export { CountedBigram } from './bigram-counted.js';
export { Hierarchical, type HierarchicalConfig, hierarchical } from './hierarchical.js';
export { MLP, type MLPConfig, mlp } from './mlp.js';
export type { LanguageModel, LossOptions, ModelDefinition, Preset } from './model.js';
export type { TrainingPreset } from './preset.js';
export { models, registerModel } from './register.js';
export { WaveNet, type WaveNetConfig, wavenet } from './wavenet.js';
