/** What large models start from, on both sides. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator } from 'nanogpt';

interface Batches {
  vocab: number;
  blockSize: number;
  batchSize: number;
}

/**
 * Writes batches, and a pool of numbers that both sides fill their weights from: the weights themselves
 * would be 1.2 GB. Its length is a prime, so that no two rows of a weight are alike.
 */
export function writePool(folder: string, { vocab, batchSize, blockSize }: Batches): void {
  const random = new Generator(42);
  const pool = Float32Array.from({ length: 1_048_573 }, () => 2 * random.uniform() - 1);
  writeFileSync(join(folder, 'pool.f32'), pool);
  const batches = 20;
  const ids = () =>
    BigInt64Array.from({ length: batches * batchSize * blockSize }, () =>
      BigInt(random.integer(vocab)),
    );
  writeFileSync(join(folder, 'inputs.i64'), ids());
  writeFileSync(join(folder, 'targets.i64'), ids());
}
