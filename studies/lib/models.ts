/** One of each kind of model, small enough to train in seconds: 20,000 to 40,000 parameters, but for the bigram's table. */
import { SMALL_MLP } from './train.js';

export const MODELS: Readonly<
  Record<string, readonly [kind: string, settings: Record<string, unknown>]>
> = {
  bigram: ['bigram', { preset: 'learned' }],
  mlp: ['mlp', SMALL_MLP],
  hierarchical: ['hierarchical', { split: [0.9, 0.1, 0], nEmbd: 16, nHidden: 64, batchSize: 128 }],
  wavenet: ['wavenet', { nEmbd: 24, nResidual: 24, nGate: 24, nSkip: 24, batchSize: 8 }],
  gpt: ['gpt', { preset: 'char', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 32, batchSize: 16 }],
  llama: [
    'llama',
    { preset: 'char', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 32, batchSize: 16 },
  ],
};
