/** WaveNet's named starting points. */
import type { Preset } from './model.js';
import type { TrainingPreset } from './preset.js';
import type { WaveNetConfig } from './wavenet-settings.js';

/** What the two published ones share: every channel count 2048, four blocks, a linear gate. */
const wide = {
  blockSize: 16,
  nEmbd: 2048,
  nResidual: 2048,
  nGate: 2048,
  nSkip: 2048,
  nBlock: 4,
  gate: 'linear',
  skips: 'mean',
  outputLayers: 1,
  init: 'xavierUniform',
} as const;

/** B 200, in 8 micro-batches of 25. The published length is not known; 3,000 steps end twice the warm-up. */
const training: TrainingPreset = {
  steps: 3000,
  batchSize: 25,
  gradAccumulation: 8,
  optimizer: 'adamw',
  lr: 1e-3,
  schedule: 'cosine',
  minLr: 1e-7,
  warmupSteps: 1500,
  warmupFrom: 2e-5,
  weightDecay: 0.01,
  labelSmoothing: 0.05,
  clipNorm: 1,
  evalInterval: 100,
  evalBatches: 10,
  checkpointInterval: 500,
};

export const wavenetPresets: Readonly<Record<string, Preset<WaveNetConfig>>> = {
  small: {
    summary: 'ten minutes on two cores, on characters; sees 65 of them',
    model: { outputGain: 0.1 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: {
      steps: 6000,
      batchSize: 32,
      optimizer: 'adamw',
      lr: 2e-3,
      schedule: 'cosine',
      minLr: 1e-4,
      warmupSteps: 200,
      clipNorm: 1,
      evalInterval: 1000,
      evalBatches: 20,
      checkpointInterval: 3000,
    },
  },
  'small-shakespeare': {
    summary: 'four minutes on two cores, on 32,000 pieces: 4,692,032 parameters; sees 65 tokens',
    // Each channel of embedding and skips costs 32,000 weights; with 64 they are nine tenths of the model.
    model: { nEmbd: 64, nSkip: 64, outputGain: 0.1 },
    tokenizer: 'shakespeare',
    split: [0.9, 0.1, 0],
    training: {
      steps: 1000,
      batchSize: 32,
      optimizer: 'adamw',
      lr: 2e-3,
      schedule: 'cosine',
      minLr: 1e-4,
      warmupSteps: 100,
      clipNorm: 1,
      evalInterval: 100,
      evalBatches: 10,
      checkpointInterval: 500,
    },
  },
  dilated: {
    summary: '234,135,354 parameters: kernel 2, dilations 1, 2, 4, 8; sees 17 tokens',
    model: { ...wide, kernelSizes: [2], dilations: [1, 2, 4, 8] },
    tokenizer: 'bert-base-uncased',
    training,
  },
  published: {
    summary: '292,855,610 parameters: kernels 1, 2, 4, 8 at dilation 2; sees 24 tokens',
    model: { ...wide, kernelSizes: [1, 2, 4, 8], dilations: [2] },
    tokenizer: 'bert-base-uncased',
    training,
  },
};
