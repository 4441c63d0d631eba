/** The bigram's presets. */
import type { BigramConfig } from './bigram-settings.js';
import type { Preset } from './model.js';

export const bigramPresets: Readonly<Record<string, Preset<BigramConfig>>> = {
  counted: {
    summary: 'counted on characters, add-one: 2.4546 train, 2.4819 validation',
    model: {},
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { steps: 0, batchSize: 64, lr: 0 },
  },
  learned: {
    summary: 'the same table, learned by AdamW on characters',
    model: { kind: 'learned' },
    tokenizer: 'char',
    split: [0.9, 0.1, 0],
    training: { steps: 3000, batchSize: 64, lr: 0.01, optimizer: 'adamw', weightDecay: 0 },
  },
  unigram: {
    summary: 'how often each token occurs, add-one, on p50k_base: 6.592 validation',
    model: { context: 0 },
    tokenizer: 'p50k_base',
    training: { steps: 0, batchSize: 64, lr: 0 },
  },
};
