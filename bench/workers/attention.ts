/** Our side of the attention benchmark: answers each line of JSON, first the case, then {"seconds"} for a round. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { causalSelfAttention, noGrad, Scope, type Tensor, tensor } from 'nanogpt';
import type { AttentionCase } from '../attention.js';
import { measurePeak, nativeBackend } from '../machine.js';
import { median } from '../statistics.js';

interface Settings extends AttentionCase {
  folder: string;
  threads: number;
  name: string;
}

function floats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Median seconds of `body`, repeated for `seconds`, at least three times. */
function time(seconds: number, body: () => void): number {
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 3 || performance.now() < end) {
    const start = performance.now();
    body();
    times.push((performance.now() - start) / 1000);
  }
  return median(times);
}

function prepare({ batch, heads, time: T, width, dropout, folder, threads, name }: Settings) {
  const backend = nativeBackend();
  backend.setThreads(threads);
  const shape = [batch, T, heads * width];
  const qkv = tensor(floats(`${folder}/qkv.f32`), { shape: [batch, T, 3 * heads * width] });
  const dy = tensor(floats(`${folder}/dy.f32`), { shape }).retain();
  qkv.retain().requireGrad();
  const attend = (p: number): Tensor => causalSelfAttention(qkv, { heads, dropout: p });
  const both = (p: number) => {
    using _step = new Scope();
    qkv.zeroGrad();
    const y = attend(p);
    y.backward(dy);
    return y.dataSync();
  };
  writeFileSync(`${folder}/${name}-y.f32`, both(0));
  writeFileSync(`${folder}/${name}-dqkv.f32`, qkv.grad!.dataSync());
  return (seconds: number) => {
    const forward = time(seconds / 3, () => {
      using _step = new Scope();
      noGrad(() => attend(dropout));
    });
    const whole = time(seconds, () => {
      using _step = new Scope();
      qkv.zeroGrad();
      attend(dropout).backward(dy);
    });
    return { forward, both: whole, peak: measurePeak(backend) };
  };
}

let round: ((seconds: number) => unknown) | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (round) console.log(JSON.stringify(round(message.seconds)));
  else {
    round = prepare(message);
    console.log('{}');
  }
}
