/** GPT's presets: nanoGPT's settings on characters, the shapes of GPT-2, and a modern net of the same size. */
import type { Preset } from './model.js';
import type { TransformerConfig } from './transformer/settings.js';

type GPTPreset = Preset<TransformerConfig>;

/** As nanoGPT trains on characters: AdamW, a warm-up, then a cosine down to a tenth, gradients clipped at 1. */
export const characterTraining = {
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

/** Of the switches, those that pay at this size: docs/studies/modern.md. */
const modern = {
  norm: 'rms',
  position: 'rotary',
  activation: 'bilinear',
  qkNorm: true,
  tiedHead: false,
} as const;

/** Muon for the hidden matrices, at the rate of its own paper's nets; the rest by AdamW at gpt/char's rate. */
const muonTraining = { optimizer: 'muon', lr: 0.02, minLr: 0, adamwLr: 3e-3 } as const;

/** As nanoGPT trains GPT-2 on 300 B tokens, 491,520 to a step: config/train_gpt2.py. */
const gpt2Training = {
  ...characterTraining,
  steps: 600_000,
  batchSize: 2,
  gradAccumulation: 240,
  lr: 6e-4,
  warmupSteps: 2000,
  minLr: 6e-5,
  beta2: 0.95,
} as const;

/** GPT-2 as published: biases, the approximate GELU, a context of 1,024. */
function gpt2(millions: string, nLayer: number, nHead: number, nEmbd: number): GPTPreset {
  const shape = { nLayer, nHead, nEmbd, blockSize: 1024 };
  return {
    summary: `the shape of GPT-2, ${millions} M parameters (${nLayer} layers, ${nHead} heads, ${nEmbd} wide)`,
    model: { ...shape, bias: true, activation: 'geluTanh' },
    tokenizer: 'gpt2',
    training: gpt2Training,
  };
}

export const gptPresets: Readonly<Record<string, GPTPreset>> = {
  char: {
    summary:
      "nanoGPT's net for a CPU, on characters, at three times its rate: 0.8 M parameters, 1.88 nats there",
    model: { blockSize: 64, nLayer: 4, nHead: 4, nEmbd: 128, dropout: 0 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    // nanoGPT's own rate, 1e-3, ends 0.13 nats higher: docs/models/gpt.md.
    training: { ...characterTraining, lr: 3e-3, minLr: 3e-4, steps: 2000, batchSize: 12 },
  },
  'char-large': {
    summary: "nanoGPT's setting for a GPU, on characters: 10.65 M parameters, 1.4697 nats there",
    model: { blockSize: 256, nLayer: 6, nHead: 6, nEmbd: 384, dropout: 0.2 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...characterTraining, steps: 5000, batchSize: 64 },
  },
  modern: {
    summary:
      "char's size with what pays there: rotary positions, RMSNorm, bilinear units, norms of queries and keys, a head of its own; Muon",
    model: { ...modern, blockSize: 64, nLayer: 4, nHead: 4, nEmbd: 128 },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...characterTraining, ...muonTraining, steps: 2000, batchSize: 12 },
  },
  speedrun: {
    summary: "nanoGPT's loss on a GPU, on two cores: 1.8 M parameters, 256 characters at once",
    // A head of its own is of no use here: docs/log.md.
    model: {
      ...{ ...modern, tiedHead: true },
      ...{ blockSize: 256, nLayer: 4, nHead: 6, nEmbd: 192, dropout: 0.1 },
    },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...characterTraining, ...muonTraining, steps: 3000, batchSize: 8 },
  },
  names: {
    summary: 'one layer, 32 wide, on names: a step takes a fraction of a millisecond',
    model: { blockSize: 16, nLayer: 1, nHead: 4, nEmbd: 32 },
    data: 'names',
    tokenizer: 'char',
    training: { ...characterTraining, lr: 1e-2, minLr: 1e-3, steps: 10_000, batchSize: 16 },
  },
  gpt2: gpt2('124', 12, 12, 768),
  'gpt2-medium': gpt2('355', 24, 16, 1024),
  'gpt2-large': gpt2('774', 36, 20, 1280),
  'gpt2-xl': gpt2('1,558', 48, 25, 1600),
};
