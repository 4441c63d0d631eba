/**
 * The dense part of the MLP's step in jax-js on its WebAssembly backend, under `jit`: see bench/workers/dense.ts.
 *
 *     node jax-js.mjs FOLDER           with the package in FOLDER/node_modules
 *     node jax-js.mjs FOLDER workers   with the Web's workers, which Node lacks: without them it computes on one thread
 *
 * Written as suits it: `nn.oneHot` would take rows of an identity, here of 50,281² floats, which is 10 GB; and only what is
 * awaited by `data()` is computed by its workers, `item()` computes where it stands.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { offerWebWorkers } from './web-workers.mjs';

const [folderOfPackage, workers] = process.argv.slice(2);

async function open(threads) {
  if (workers) offerWebWorkers(threads);
  const require = createRequire(path.resolve(folderOfPackage, 'package.json'));
  const file = require.resolve('@jax-js/jax').replace(/index\.cjs$/, 'index.js');
  const jax = await import(pathToFileURL(file));
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
}

let step;
let parameters;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (step) {
    const losses = [];
    const seconds = [];
    for (let i = 0; i < message.steps; i++) {
      const start = performance.now();
      const [loss, next] = step(parameters);
      parameters = next;
      losses.push((await loss.data())[0]);
      for (const parameter of parameters) await parameter.blockUntilReady();
      seconds.push((performance.now() - start) / 1000);
    }
    const peakBytes = 1024 * process.resourceUsage().maxRSS;
    console.log(JSON.stringify({ losses, seconds, peakBytes }));
    continue;
  }
  const { folder, batch, width, hidden, vocab, lr, threads } = message;
  const { jit, nn, numpy: np, valueAndGrad } = await open(threads);
  const read = (name, shape) => {
    const bytes = readFileSync(`${folder}/${name}.f32`);
    const values = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    );
    return np.array(values).reshape(shape);
  };
  const x = read('x', [batch, width]);
  const targets = np.array(Int32Array.from({ length: batch }, (_, i) => (i * 499) % vocab));
  parameters = [read('w1', [hidden, width]), read('w2', [vocab, hidden]), read('b2', [vocab])];
  const lossOf = ([w1, w2, b2]) => {
    const h = nn.leakyRelu(np.matmul(x.ref, w1.transpose()), 0.01);
    const logits = np.matmul(h, w2.transpose()).add(b2);
    const isTarget = np
      .arange(vocab)
      .reshape([1, vocab])
      .equal(targets.ref.reshape([batch, 1]));
    const picked = np.where(isTarget, logits.ref, 0).sum(-1);
    return nn
      .logsumexp(logits, -1)
      .sub(picked)
      .sum()
      .mul(1 / batch);
  };
  step = jit((now) => {
    const [loss, gradients] = valueAndGrad(lossOf)(now.map((parameter) => parameter.ref));
    return [loss, now.map((parameter, i) => parameter.sub(gradients[i].mul(lr)))];
  });
  console.log(JSON.stringify({ ready: 'jax-js' }));
}
