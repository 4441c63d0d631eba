/** The hierarchical MLP's training step against PyTorch's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator } from 'nanogpt';
import type { Contest, TrainingCase } from './training.js';

/** One setting of it to be timed, with SGD and BatchNorm. */
export interface HierarchicalCase extends TrainingCase {
  vocab: number;
  blockSize: number;
  nEmbd: number;
  nHidden: number;
  batchSize: number;
  lr: number;
}

export const CASES: readonly HierarchicalCase[] = [
  {
    name: 'hierarchical makemore, 76,579 parameters, SGD',
    vocab: 27,
    blockSize: 8,
    nEmbd: 24,
    nHidden: 128,
    batchSize: 32,
    lr: 0.1,
    steps: 500,
    rounds: 7,
    warmup: 5,
  },
];

/** Writes the weights and batches that both sides start from: raw float32 and int64. */
function writeStart(folder: string, c: HierarchicalCase): void {
  const random = new Generator(42);
  const write = (name: string, count: number, std: number) => {
    const values = Float32Array.from({ length: count }, () => std * random.normal());
    writeFileSync(join(folder, `${name}.f32`), values);
  };
  write('embedding.weight', c.vocab * c.nEmbd, 1);
  for (let level = 0; 2 ** level < c.blockSize; level++) {
    const inSize = 2 * (level === 0 ? c.nEmbd : c.nHidden);
    write(`levels.${level}.linear.weight`, c.nHidden * inSize, 1 / Math.sqrt(inSize));
    write(`levels.${level}.norm.weight`, c.nHidden, 1);
    write(`levels.${level}.norm.bias`, c.nHidden, 0.1);
  }
  write('output.weight', c.vocab * c.nHidden, 0.1 / Math.sqrt(c.nHidden));
  write('output.bias', c.vocab, 0.1);
  const ids = (count: number) =>
    BigInt64Array.from({ length: count }, () => BigInt(random.integer(c.vocab)));
  const batches = 20;
  writeFileSync(join(folder, 'inputs.i64'), ids(batches * c.batchSize * c.blockSize));
  writeFileSync(join(folder, 'targets.i64'), ids(batches * c.batchSize));
}

/** It fits into the caches, and its step is all overhead: no bandwidth that was measured says anything. */
export const HIERARCHICAL: Contest<HierarchicalCase> = {
  model: 'hierarchical',
  writeStart,
  limitOf: () => null,
};
