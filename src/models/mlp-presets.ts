/** The MLP's presets. */
import type { MLPConfig } from './mlp-settings.js';
import type { Preset } from './model.js';

export const mlpPresets: Readonly<Record<string, Preset<MLPConfig>>> = {
  published: {
    summary: '20,562,681 parameters on p50k_base, SGD, 1,400 steps',
    // Halved, embeddings and output keep the first loss near ln V, and bear a greater rate: measured
    // 5.59 on validation, against 5.92 at full size and a rate of 0.5.
    model: { embeddingStd: 0.5, outputGain: 0.5 },
    tokenizer: 'p50k_base',
    training: {
      steps: 1400,
      batchSize: 100,
      optimizer: 'sgd',
      lr: 0.7,
      schedule: 'step',
      stepAt: [1000],
      stepFactor: 0.1,
      evalInterval: 100,
      evalBatches: 40,
      checkpointInterval: 700,
    },
  },
  chars: {
    summary: 'a first look in 20 seconds, on characters',
    model: { blockSize: 16, nEmbd: 32, nHidden: 512, outputGain: 0.1 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: {
      steps: 12_000,
      batchSize: 128,
      optimizer: 'adamw',
      lr: 3e-3,
      schedule: 'cosine',
      minLr: 1e-4,
      warmupSteps: 200,
      evalBatches: 20,
      checkpointInterval: 6000,
    },
  },
};
