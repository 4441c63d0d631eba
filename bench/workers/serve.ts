/** What our side of every training benchmark shares: reading what it starts from, steps, lines of JSON. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  currentBackend,
  generate,
  type LanguageModel,
  type Optimizer,
  peakMemoryBytes,
  type Tensor,
  tensor,
} from 'nanogpt';
import { timedSteps } from './steps.js';

/** What every case tells its worker. */
export interface Settings {
  folder: string;
  vocab: number;
  blockSize: number;
  batchSize: number;
  threads: number;
}

export function floats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function ids(file: string): Int32Array {
  const bytes = readFileSync(file);
  const wide = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  return Int32Array.from(wide, Number);
}

/** Fills a parameter from the pool of numbers, again and again from its start, beginning at `start`. */
export function fill(parameter: Tensor, pool: Float32Array, start: number): void {
  for (let at = 0, from = start; at < parameter.numel; from = 0) {
    const count = Math.min(pool.length - from, parameter.numel - at);
    const part = parameter.alias([count], parameter.offset + at);
    part.copy_(pool.subarray(from, from + count));
    at += count;
  }
}

interface Contestant {
  model: LanguageModel;
  optimizer: Optimizer;
}

function prepare(settings: Settings, { model, optimizer }: Contestant) {
  const { folder, blockSize: T, batchSize: B } = settings;
  const allInputs = ids(`${folder}/inputs.i64`);
  const allTargets = ids(`${folder}/targets.i64`);
  const perWindow = model.target === 'all' ? T : 1;
  const batches = allInputs.length / (B * T);
  const inputs = tensor(new Int32Array(B * T), { shape: [B, T] }).retain();
  const shape = model.target === 'all' ? [B, T] : [B];
  const targets = tensor(new Int32Array(B * perWindow), { shape }).retain();
  let step = 0;

  return (steps: number) =>
    timedSteps(steps, optimizer, () => {
      const batch = step++ % batches;
      inputs.copy_(allInputs.subarray(batch * B * T, (batch + 1) * B * T));
      targets.copy_(allTargets.subarray(batch * B * perWindow, (batch + 1) * B * perWindow));
      return model.loss(inputs, targets);
    });
}

/**
 * Answers the lines of `bench/training.ts`: the first has the settings, from which `make` builds model and
 * optimizer; each further one asks for steps, or for tokens to be written. `bench/peers/serve.py` is PyTorch's side.
 */
export async function serve<Own extends Settings>(
  make: (settings: Own) => Contestant,
): Promise<void> {
  let run: ReturnType<typeof prepare> | null = null;
  let model: LanguageModel | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    if (!run) {
      currentBackend().setThreads(message.threads);
      const contestant = make(message);
      model = contestant.model;
      run = prepare(message, contestant);
      console.log(JSON.stringify({ ready: 'nanogpt', threads: currentBackend().threads }));
    } else if (message.tokens) {
      const start = performance.now();
      generate(model!, [0], { maxTokens: message.tokens });
      console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000 }));
    } else {
      console.log(JSON.stringify({ ...run(message.steps), peakBytes: peakMemoryBytes() }));
    }
  }
}
