/** GPT's training step, and its sampling, against nanoGPT's architecture in PyTorch. */
import type { Machine } from './machine.js';
import { writePool } from './pool.js';
import { benchTraining, type Contest, type TrainingCase, type TrainingResult } from './training.js';

/** One size of it to be timed, with AdamW. */
export interface GPTCase extends TrainingCase {
  vocab: number;
  blockSize: number;
  batchSize: number;
  nLayer: number;
  nHead: number;
  nEmbd: number;
  bias: boolean;
  lr: number;
}

/*
 * Engines compile what they meet often: a small model's steps and tokens get there after some thousand, which is a
 * second, and are timed from then on. Of the losses, the first few are compared.
 */
const common = { bias: false, lr: 1e-4, warmup: 3, rounds: 5, tokens: 100 };

export const CASES: readonly GPTCase[] = [
  {
    name: 'GPT (1, 4, 32), T 16, B 16, on names',
    ...{ ...common, vocab: 27, blockSize: 16, batchSize: 16, nLayer: 1, nHead: 4, nEmbd: 32 },
    ...{ steps: 200, warmup: 1000, samplings: 20 },
  },
  {
    name: 'GPT (4, 4, 128), T 64, B 12, on characters',
    ...{ ...common, vocab: 65, blockSize: 64, batchSize: 12, nLayer: 4, nHead: 4, nEmbd: 128 },
    ...{ steps: 10, warmup: 40, samplings: 12 },
  },
  {
    name: 'GPT (6, 6, 384), T 256, B 8, on characters',
    ...{ ...common, vocab: 65, blockSize: 256, batchSize: 8, nLayer: 6, nHead: 6, nEmbd: 384 },
    ...{ steps: 1, samplings: 6 },
  },
  {
    name: 'GPT-2, 124 M, T 256, B 2',
    ...{ ...common, vocab: 50_257, blockSize: 256, batchSize: 2, nLayer: 12, nHead: 12 },
    ...{ nEmbd: 768, bias: true, steps: 1, rounds: 3, warmup: 2 },
  },
];

/** Weights of all matrices that a token goes through: those of the blocks, and the head. */
function weightsOf({ nLayer, nEmbd: C, vocab }: GPTCase): number {
  return nLayer * 12 * C * C + vocab * C;
}

/**
 * The least time that a step can take: its floating-point operations at the peak between registers, and the
 * bytes that must move at the bandwidth of a copy. Products with weights take 6 operations to a weight and
 * token; attention's 4 forward and 8 backward to a number of a head and each pair of positions that see one
 * another. Each weight is read forward and backward, its gradient written, and the update reads it, its gradient
 * and two moments and writes three of them. Activations, and weights that stay in the caches, count as nothing.
 */
function limitOf(c: GPTCase, machine: Machine): number {
  const weights = weightsOf(c);
  const tokens = c.batchSize * c.blockSize;
  const pairs = (tokens * (c.blockSize + 1)) / 2;
  const flops = 6 * weights * tokens + 12 * c.nLayer * c.nEmbd * pairs;
  const bytes = 4 * 10 * weights;
  return 1000 * (flops / machine.peakFlops + (bytes < 64e6 ? 0 : bytes / machine.copyBandwidth));
}

/** Reading all weights once a token; null where they stay in the caches. */
function tokenLimitOf(c: GPTCase, machine: Machine): number | null {
  const bytes = 4 * weightsOf(c);
  return bytes < 64e6 ? null : (1000 * bytes) / machine.readBandwidth;
}

const CONTEST: Contest<GPTCase> = { model: 'gpt', writeStart: writePool, limitOf, tokenLimitOf };

/** The cases in turn. Of the largest PyTorch is run at one setting: that which was best for the one before. */
export async function* benchGPT(
  machine: Machine,
  python: string | null,
): AsyncGenerator<TrainingResult> {
  let setting: string | null = null;
  for (const c of CASES) {
    const isLarge = c === CASES.at(-1);
    const result: TrainingResult = await benchTraining(
      c,
      CONTEST,
      machine,
      python,
      isLarge ? setting : null,
    );
    setting = result.peerSetting;
    yield result;
  }
}
