/**
 * The dense part of the MLP's step, as a user would write it: the embedding's rows are given, so that what is timed is
 * products, leaky ReLU, cross-entropy, gradients and SGD; `bench/peers/jax-js.mjs` is the other side.
 */

import { createInterface } from 'node:readline';
import {
  currentBackend,
  leakyRelu,
  linear,
  linearCrossEntropy,
  peakMemoryBytes,
  Scope,
  SGD,
  tensor,
} from 'nanogpt';
import type { DenseCase } from '../wasm.js';
import { floats } from './serve.js';

let run: ((steps: number) => { losses: number[]; seconds: number[] }) | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (run) {
    console.log(JSON.stringify({ ...run(message.steps), peakBytes: peakMemoryBytes() }));
    continue;
  }
  const { folder, threads, batch, width, hidden, vocab, lr } = message as DenseCase & {
    folder: string;
  };
  currentBackend().setThreads(threads);
  const read = (name: string, shape: number[]) =>
    tensor(floats(`${folder}/${name}.f32`), { shape }).retain();
  const x = read('x', [batch, width]);
  const targets = tensor(Int32Array.from({ length: batch }, (_, i) => (i * 499) % vocab)).retain();
  const parameters = [
    read('w1', [hidden, width]),
    read('w2', [vocab, hidden]),
    read('b2', [vocab]),
  ];
  const [w1, w2, b2] = parameters.map((parameter) => parameter.requireGrad());
  const optimizer = new SGD(parameters, { lr });
  run = (steps) => {
    const losses: number[] = [];
    const seconds: number[] = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      using _step = new Scope();
      const loss = linearCrossEntropy(leakyRelu(linear(x, w1)), w2, b2, targets);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      losses.push(loss.itemSync());
      seconds.push((performance.now() - start) / 1000);
    }
    return { losses, seconds };
  };
  console.log(JSON.stringify({ ready: currentBackend().name, threads: currentBackend().threads }));
}
