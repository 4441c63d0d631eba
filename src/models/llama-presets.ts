/** Llama's presets: the sizes of GPT's, so that the two can be compared, and the shapes of published models. */
import { characterTraining } from './gpt-presets.js';
import type { Preset } from './model.js';
import type { TransformerConfig } from './transformer/settings.js';

type LlamaPreset = Preset<TransformerConfig>;

/** For a text of one's own: one epoch or a few. llama2.c trains so, for longer. */
const pieceTraining = {
  ...characterTraining,
  steps: 2000,
  batchSize: 16,
  beta2: 0.95,
  minLr: 0,
} as const;

export const llamaPresets: Readonly<Record<string, LlamaPreset>> = {
  char: {
    summary: "of gpt/char's size, at nanoGPT's rate, on characters: 0.8 M parameters",
    model: { blockSize: 64, nLayer: 4, nHead: 4, nEmbd: 128, tiedHead: true },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...characterTraining, steps: 2000, batchSize: 12 },
  },
  'char-large': {
    summary: "of gpt/char-large's size and training, on characters: 10.6 M parameters",
    model: { blockSize: 256, nLayer: 6, nHead: 6, nEmbd: 384, dropout: 0.2, tiedHead: true },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { ...characterTraining, steps: 5000, batchSize: 64 },
  },
  shakespeare: {
    summary:
      'on 32,000 pieces of a tokenizer of its own: 4.8 M parameters, most of them embeddings',
    model: { blockSize: 64, nLayer: 4, nHead: 4, nKvHead: 2, nEmbd: 128, tiedHead: true },
    tokenizer: 'shakespeare',
    training: { ...pieceTraining, steps: 1000 },
  },
  'stories-15m': {
    summary: "the shape of llama2.c's stories15M: 288 wide, 6 layers, 32,000 pieces",
    model: { blockSize: 256, nLayer: 6, nHead: 6, nEmbd: 288, nHidden: 768, tiedHead: true },
    tokenizer: 'shakespeare',
    training: { ...pieceTraining, lr: 5e-4, batchSize: 8 },
  },
  'smollm2-135m': {
    summary: 'the shape of SmolLM2-135M: 30 layers, 9 heads that share 3 of keys and values',
    model: {
      ...{ blockSize: 2048, nLayer: 30, nHead: 9, nKvHead: 3, nEmbd: 576, nHidden: 1536 },
      ...{ ropeTheta: 100_000, tiedHead: true },
    },
    tokenizer: 'shakespeare',
    training: { ...pieceTraining, batchSize: 1, gradAccumulation: 8 },
  },
  'tinyllama-1.1b': {
    summary: 'the shape of TinyLlama: 22 layers, 32 heads that share 4 of keys and values',
    model: {
      ...{ blockSize: 2048, nLayer: 22, nHead: 32, nKvHead: 4, nEmbd: 2048, nHidden: 5632 },
    },
    tokenizer: 'shakespeare',
    training: { ...pieceTraining, lr: 4e-4, batchSize: 1, gradAccumulation: 8 },
  },
};
