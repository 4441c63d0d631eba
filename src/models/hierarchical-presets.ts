/** The hierarchical MLP's presets. */
import type { HierarchicalConfig } from './hierarchical-settings.js';
import type { Preset } from './model.js';
import type { TrainingPreset } from './preset.js';

/** 200,000 steps of 32 names' windows at 0.1, the last quarter at 0.01. */
const training: TrainingPreset = {
  steps: 200_000,
  batchSize: 32,
  optimizer: 'sgd',
  lr: 0.1,
  schedule: 'step',
  stepAt: [150_000],
  stepFactor: 0.1,
  evalInterval: 10_000,
  evalBatches: 200,
  checkpointInterval: 50_000,
};

export const hierarchicalPresets: Readonly<Record<string, Preset<HierarchicalConfig>>> = {
  published: {
    summary: '76,579 parameters on names, SGD, 200,000 steps: 1.769 train, 1.9937 validation',
    model: { nEmbd: 24, nHidden: 128 },
    data: 'names',
    tokenizer: 'char',
    training,
  },
  small: {
    summary: '22,397 parameters, as many as a flattened MLP over the same window has',
    model: { nEmbd: 10, nHidden: 68 },
    data: 'names',
    tokenizer: 'char',
    training,
  },
};
