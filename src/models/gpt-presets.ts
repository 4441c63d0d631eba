/** GPT's presets: nanoGPT's settings on characters, and the shapes of GPT-2. */
import type { GPTConfig } from './gpt.js';
import type { Preset } from './model.js';

type Presets = Record<string, Preset<GPTConfig>>;

/** As nanoGPT trains: AdamW, a warm-up, then a cosine down to a tenth, gradients clipped at 1. */
export const nanogptTraining = {
  optimizer: 'adamw',
  lr: 1e-3,
  schedule: 'cosine',
  warmupSteps: 100,
  minLr: 1e-4,
  weightDecay: 0.1,
  beta1: 0.9,
  beta2: 0.99, // few tokens to a step
  clipNorm: 1,
} as const;

export const gptPresets: Presets = {
  char: {
    summary:
      "nanoGPT's setting for a CPU, on characters: 0.8 M parameters, 1.88 nats in 2,000 steps there",
    model: { blockSize: 64, nLayer: 4, nHead: 4, nEmbd: 128, dropout: 0 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...nanogptTraining, steps: 2000, batchSize: 12 },
  },
  'char-large': {
    summary: "nanoGPT's setting for a GPU, on characters: 10.65 M parameters, 1.4697 nats there",
    model: { blockSize: 256, nLayer: 6, nHead: 6, nEmbd: 384, dropout: 0.2 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...nanogptTraining, steps: 5000, batchSize: 64 },
  },
};
