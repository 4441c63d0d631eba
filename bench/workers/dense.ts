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
  SGD,
  tensor,
} from 'nanogpt';
import type { DenseCase } from '../wasm.js';
import { floats } from './serve.js';
import { type TimedSteps, timedSteps } from './steps.js';

let run: ((steps: number) => TimedSteps) | undefined;
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
  run = (steps) =>
    timedSteps(steps, optimizer, () =>
      linearCrossEntropy(leakyRelu(linear(x, w1)), w2, b2, targets),
    );
  console.log(JSON.stringify({ ready: currentBackend().name, threads: currentBackend().threads }));
}
