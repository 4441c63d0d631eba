/** WaveNet's training step against PyTorch's. */
import { models, type WaveNetConfig } from 'nanogpt';
import type { Machine } from './machine.js';
import { writePool } from './pool.js';
import { benchTraining, type Contest, type TrainingCase, type TrainingResult } from './training.js';

/** One setting of WaveNet to be timed, with AdamW. */
export interface WaveNetCase extends TrainingCase {
  vocab: number;
  blockSize: number;
  batchSize: number;
  lr: number;
  /** Complete, kernel sizes and dilations with one number for each block of a stack. */
  config: WaveNetConfig;
}

function configOf(preset: string, channels: number): WaveNetConfig {
  const { schema, presets } = models.get('wavenet')!;
  const names = ['nEmbd', 'nResidual', 'nGate', 'nSkip'];
  const widths = Object.fromEntries(names.map((name) => [name, channels]));
  const config = schema.parse({ ...presets[preset].model, ...widths }) as WaveNetConfig;
  const whole = (list: number[]) =>
    Array.from({ length: config.nBlock }, (_, i) => list[i % list.length]);
  return {
    ...config,
    kernelSizes: whole(config.kernelSizes),
    dilations: whole(config.dilations),
  };
}

const common = { vocab: 30_522, blockSize: 16, lr: 1e-4 };

const DILATED: WaveNetCase = {
  name: 'dilated WaveNet, 512 channels, AdamW',
  ...common,
  batchSize: 32,
  steps: 3,
  rounds: 5,
  warmup: 4,
  config: configOf('dilated', 512),
};

const PUBLISHED: WaveNetCase = {
  name: 'published WaveNet, micro-batches of 8, AdamW',
  ...common,
  batchSize: 8,
  steps: 1,
  rounds: 5,
  warmup: 3,
  config: configOf('published', 2048),
};

/**
 * The least time that a step can take: its floating-point operations at the peak between registers (products
 * with the zeros before a block, and the last block's residual, which nothing reads, left out), and the
 * bytes that must move at the bandwidth of a copy. Each weight is read forward and backward, its gradient
 * written, and the update reads it, its gradient and two moments and writes three of them; the embedding
 * takes part in the update alone. Activations count as nothing.
 */
function limitOf({ vocab, blockSize: T, batchSize: B, config }: WaveNetCase, machine: Machine) {
  const { nEmbd, nResidual, nGate, nSkip, nBlock, nStack, initialKernel } = config;
  let rows = 0; // Σ rows · weights
  let dense = 0;
  const multiply = (weights: number, seen: number) => {
    rows += weights * B * seen;
    dense += weights;
  };
  const convolve = (kernel: number, dilation: number, weights: number) => {
    for (let k = 0; k < kernel; k++) multiply(weights, Math.max(0, T - k * dilation));
  };
  convolve(initialKernel, 1, nEmbd * nResidual);
  for (let i = 0; i < nBlock * nStack; i++) {
    const { kernelSizes, dilations } = config;
    convolve(kernelSizes[i % nBlock], dilations[i % nBlock], nResidual * 2 * nGate);
    multiply(nGate * nSkip, T);
    if (i < nBlock * nStack - 1) multiply(nGate * nResidual, T);
  }
  for (let i = 1; i < config.outputLayers; i++) multiply(nSkip * nSkip, T);
  multiply(nSkip * vocab, T);
  const bytes = 4 * (10 * dense + 6 * vocab * nEmbd);
  return 1000 * ((6 * rows) / machine.peakFlops + bytes / machine.copyBandwidth);
}

const WAVENET: Contest<WaveNetCase> = { model: 'wavenet', writeStart: writePool, limitOf };

/** The cases in turn. Of the larger one PyTorch is run at one setting: that which was best for the smaller. */
export async function* benchWaveNet(
  machine: Machine,
  python: string | null,
): AsyncGenerator<TrainingResult> {
  const dilated = await benchTraining(DILATED, WAVENET, machine, python);
  yield dilated;
  yield await benchTraining(PUBLISHED, WAVENET, machine, python, dilated.peerSetting);
}
