/** What our side of every training benchmark shares: reading what it starts from, steps, lines of JSON. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  currentBackend,
  type LanguageModel,
  type Optimizer,
  peakMemoryBytes,
  Scope,
  tensor,
} from 'nanogpt';

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

  return (steps: number) => {
    const losses: number[] = [];
    const seconds: number[] = [];
    for (let i = 0; i < steps; i++, step++) {
      const batch = step % batches;
      const start = performance.now();
      inputs.copy_(allInputs.subarray(batch * B * T, (batch + 1) * B * T));
      targets.copy_(allTargets.subarray(batch * B * perWindow, (batch + 1) * B * perWindow));
      using _step = new Scope();
      const loss = model.loss(inputs, targets);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      losses.push(loss.itemSync());
      seconds.push((performance.now() - start) / 1000);
    }
    return { losses, seconds };
  };
}

/**
 * Answers the lines of `bench/training.ts`: the first has the settings, from which `make` builds model and
 * optimizer; each further one asks for steps. `bench/peers/serve.py` is PyTorch's side.
 */
export async function serve<Own extends Settings>(
  make: (settings: Own) => Contestant,
): Promise<void> {
  let run: ReturnType<typeof prepare> | null = null;
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    if (!run) {
      currentBackend().setThreads(message.threads);
      run = prepare(message, make(message));
      console.log(JSON.stringify({ ready: 'nanogpt', threads: currentBackend().threads }));
    } else {
      console.log(JSON.stringify({ ...run(message.steps), peakBytes: peakMemoryBytes() }));
    }
  }
}
