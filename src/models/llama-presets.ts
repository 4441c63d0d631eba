/** Llama's presets: the sizes of GPT's, so that the two can be compared. */
import { nanogptTraining } from './gpt-presets.js';
import type { LlamaConfig } from './llama.js';
import type { Preset } from './model.js';

export const llamaPresets: Record<string, Preset<LlamaConfig>> = {
  char: {
    summary: "of gpt/char's size and training, on characters: 0.8 M parameters",
    model: { blockSize: 64, nLayer: 4, nHead: 4, nEmbd: 128, tiedHead: true },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...nanogptTraining, steps: 2000, batchSize: 12 },
  },
  'char-large': {
    summary: "of gpt/char-large's size and training, on characters: 10.6 M parameters",
    model: { blockSize: 256, nLayer: 6, nHead: 6, nEmbd: 384, dropout: 0.2, tiedHead: true },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...nanogptTraining, steps: 5000, batchSize: 64 },
  },
};
