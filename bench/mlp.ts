/** The MLP's training step against PyTorch's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator } from 'nanogpt';
import type { Machine } from './machine.js';
import type { Contest, TrainingCase } from './training.js';

/** One setting of the MLP to be timed. */
export interface MlpCase extends TrainingCase {
  vocab: number;
  blockSize: number;
  nEmbd: number;
  nHidden: number;
  hiddenBias: boolean;
  activation: 'leakyRelu' | 'tanh';
  batchSize: number;
  optimizer: 'sgd' | 'adamw';
  lr: number;
}

const published = {
  vocab: 50281,
  blockSize: 10,
  nEmbd: 200,
  nHidden: 200,
  hiddenBias: false,
  activation: 'leakyRelu',
  batchSize: 100,
  steps: 8,
  rounds: 7,
  warmup: 5,
} as const;

export const CASES: readonly MlpCase[] = [
  { name: 'published MLP, SGD', ...published, optimizer: 'sgd', lr: 0.1 },
  { name: 'published MLP, AdamW', ...published, optimizer: 'adamw', lr: 0.001 },
  {
    name: 'makemore MLP, SGD',
    vocab: 27,
    blockSize: 3,
    nEmbd: 10,
    nHidden: 200,
    hiddenBias: true,
    activation: 'tanh',
    batchSize: 32,
    optimizer: 'sgd',
    lr: 0.1,
    steps: 2000,
    rounds: 7,
    warmup: 5,
  },
];

/** Writes the weights and batches that both sides start from: raw float32 and int64. */
function writeStart(folder: string, c: MlpCase): void {
  const random = new Generator(42);
  const write = (name: string, count: number, std: number) => {
    const values = Float32Array.from({ length: count }, () => std * random.normal());
    writeFileSync(join(folder, `${name}.f32`), values);
  };
  const inSize = c.blockSize * c.nEmbd;
  write('embedding.weight', c.vocab * c.nEmbd, 1);
  write('hidden.weight', c.nHidden * inSize, Math.sqrt(2 / inSize));
  if (c.hiddenBias) write('hidden.bias', c.nHidden, 0.1);
  write('output.weight', c.vocab * c.nHidden, 1 / Math.sqrt(c.nHidden));
  write('output.bias', c.vocab, 0.1);
  const ids = (count: number) =>
    BigInt64Array.from({ length: count }, () => BigInt(random.integer(c.vocab)));
  const batches = 20;
  writeFileSync(join(folder, 'inputs.i64'), ids(batches * c.batchSize * c.blockSize));
  writeFileSync(join(folder, 'targets.i64'), ids(batches * c.batchSize));
}

/**
 * The least time that a step can take: its floating-point operations at the peak between registers, and
 * the bytes that must move at the bandwidth of a copy. Each weight is read forward and backward, its
 * gradient written, and both read and the weight written in the update (AdamW: two moments as well,
 * over all of the embedding too); activations and the embedding's few rows count as nothing.
 */
function limitOf(c: MlpCase, machine: Machine): number | null {
  const dense = c.blockSize * c.nEmbd * c.nHidden + c.nHidden * c.vocab;
  const flops = 6 * c.batchSize * dense;
  const passes = c.optimizer === 'sgd' ? 6 : 10;
  const embeddingPasses = c.optimizer === 'sgd' ? 0 : 6;
  const bytes = 4 * (passes * dense + embeddingPasses * c.vocab * c.nEmbd);
  // What stays in the caches moves at no bandwidth that was measured, and its step is all overhead.
  if (bytes < 64e6) return null;
  return 1000 * (flops / machine.peakFlops + bytes / machine.copyBandwidth);
}

export const MLP: Contest<MlpCase> = { model: 'mlp', writeStart, limitOf };
