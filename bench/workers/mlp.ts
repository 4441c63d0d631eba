/**
 * Our side of the MLP benchmark, as a user would write the loop; `bench/peers/mlp.py` is PyTorch's.
 * Both speak the same lines of JSON: see there.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AdamW, currentBackend, models, Scope, SGD, tensor } from 'nanogpt';
import { peakMemory } from './peak-memory.js';

interface Settings {
  folder: string;
  vocab: number;
  blockSize: number;
  nEmbd: number;
  nHidden: number;
  hiddenBias: boolean;
  activation: string;
  batchSize: number;
  optimizer: 'sgd' | 'adamw';
  lr: number;
  threads: number;
}

function floats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function ids(file: string): Int32Array {
  const bytes = readFileSync(file);
  const wide = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  return Int32Array.from(wide, Number);
}

function prepare(settings: Settings): (steps: number) => { losses: number[]; seconds: number[] } {
  currentBackend().setThreads(settings.threads);
  const { blockSize: T, batchSize: B, vocab } = settings;
  const { nEmbd, nHidden, hiddenBias, activation } = settings;
  const definition = models.get('mlp')!;
  const config = definition.schema.parse({ blockSize: T, nEmbd, nHidden, hiddenBias, activation });
  const model = definition.create(config, vocab);
  for (const [name, parameter] of model.namedParameters()) {
    parameter.copy_(floats(`${settings.folder}/${name.replace('hidden.0.linear', 'hidden')}.f32`));
  }
  const optimizer =
    settings.optimizer === 'sgd'
      ? new SGD(model.parameters(), { lr: settings.lr })
      : new AdamW(model.parameters(), { lr: settings.lr, weightDecay: 0.01 });
  const allInputs = ids(`${settings.folder}/inputs.i64`);
  const allTargets = ids(`${settings.folder}/targets.i64`);
  const batches = allTargets.length / B;
  const inputs = tensor(new Int32Array(B * T), { shape: [B, T] }).retain();
  const targets = tensor(new Int32Array(B)).retain();
  let step = 0;

  return (steps) => {
    const losses: number[] = [];
    const seconds: number[] = [];
    for (let i = 0; i < steps; i++, step++) {
      const batch = step % batches;
      const start = performance.now();
      inputs.copy_(allInputs.subarray(batch * B * T, (batch + 1) * B * T));
      targets.copy_(allTargets.subarray(batch * B, (batch + 1) * B));
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

let run: ReturnType<typeof prepare> | null = null;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (!run) {
    run = prepare(message);
    console.log(JSON.stringify({ ready: 'nanogpt', threads: currentBackend().threads }));
  } else {
    const result = run(message.steps);
    console.log(JSON.stringify({ ...result, peakBytes: peakMemory() }));
  }
}
