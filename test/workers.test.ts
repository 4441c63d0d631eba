/**
 * Node's worker threads share one process, and so the native kernels' memory and threads; in WebAssembly each has its
 * own.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { kernels, named } from './suites/backends.js';

const library = new URL('../dist/index.js', import.meta.url).href;

/** Sums, products, counts and gradients of one seed: what the threads have to agree on. */
const WORK = `
  import { crossEntropy, histogram, manualSeed, randn, topk, tensor } from ${JSON.stringify(library)};
  export function work(rounds) {
    const found = [];
    for (let round = 0; round < rounds; round++) {
      manualSeed(7);
      const x = randn([300, 310]).requireGrad();
      const y = x.matmul(randn([310, 200]));
      const loss = crossEntropy(y, tensor(new Int32Array(300).fill(3)));
      loss.backward();
      const counts = histogram(y, 50, -60, 60).dataSync();
      const gradient = x.grad.sum().itemSync();
      found.push([loss.itemSync(), gradient, y.sum().itemSync(), ...counts, ...topk(y, 3).indices.dataSync()].join());
    }
    return [...new Set(found)];
  }`;

/** Runs a program in a process of its own; returns what it printed. It must end with exit code 0. */
async function run(program: string, backend: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      timeout: 60_000,
      env: { ...process.env, NANOGPT_BACKEND: backend },
    },
  );
  return stdout.trim();
}

const url = (source: string) =>
  `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`;

const WORKER = url(`
  import { parentPort, workerData } from 'node:worker_threads';
  import { work } from ${JSON.stringify(url(WORK))};
  parentPort.postMessage(work(workerData));`);

const START = `
  import { Worker } from 'node:worker_threads';
  const start = (rounds) => new Promise((resolve, reject) => {
    const worker = new Worker(new URL(${JSON.stringify(WORKER)}), { workerData: rounds });
    let found;
    worker.on('message', (message) => { found = message; });
    worker.on('error', reject);
    worker.on('exit', () => resolve(found));
  });`;

describe.each(named(kernels))('the %s backend in worker threads', (backend) => {
  it('computes the same in several at once, beside the main thread', async () => {
    const printed = await run(
      `${START}
      import { work } from ${JSON.stringify(url(WORK))};
      const workers = [start(30), start(30), start(30)];
      const own = work(30);
      const all = new Set([...own, ...(await Promise.all(workers)).flat()]);
      console.log(all.size);`,
      backend,
    );
    expect(printed).toBe('1');
  });

  it('lets a process end whose workers computed and ended, or are ended in the middle', async () => {
    const printed = await run(
      `${START}
      for (let i = 0; i < 5; i++) await start(2);
      for (let i = 0; i < 5; i++) {
        const worker = new Worker(new URL(${JSON.stringify(WORKER)}), { workerData: 1000 });
        await new Promise((resolve) => setTimeout(resolve, 100 + 40 * i));
        await worker.terminate();
      }
      console.log((await start(2)).length);`,
      backend,
    );
    expect(printed).toBe('1');
  });
});
