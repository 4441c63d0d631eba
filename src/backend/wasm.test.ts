/** What is of WebAssembly alone: its memory's end, its threads, and where its bits are the native kernels'. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { matmulSize } from './backend.js';
import type { KernelHost } from './kernel-memory.js';
import { WasmBackend } from './wasm.js';
import { hasRelaxedSimd } from './wasm-library.js';
import { loadWasm } from './wasm-load.js';
import { runThread, type ThreadOrder } from './wasm-thread.js';
import { WebAssembly } from './web-assembly.js';

const built = loadWasm() !== null;
const bytesOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../dist/kernels/${name}`, import.meta.url)));

const workers: Worker[] = [];
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

function startThread(workerData: ThreadOrder): void {
  const text = `(${runThread})(require('node:worker_threads').workerData);`;
  const worker = new Worker(text, { eval: true, workerData, execArgv: [] });
  worker.unref();
  workers.push(worker);
}

/** A backend of its own, with as little memory as a test needs. */
function small(options: { threads?: number; start?: typeof startThread } = {}): WasmBackend {
  const { threads = 1, start } = options;
  const module = new WebAssembly.Module(bytesOf('nanogpt.wasm'));
  return new WasmBackend({ module, threads, startThread: start, memoryLimit: 16 << 20 });
}

describe.skipIf(!built)('the modules', () => {
  it('are valid, and want of an engine what they say', () => {
    expect(WebAssembly.validate(bytesOf('nanogpt.wasm'))).toBe(true);
    expect(WebAssembly.validate(bytesOf('nanogpt-relaxed.wasm'))).toBe(hasRelaxedSimd());
  });

  it('import memory and two functions, and nothing of an operating system', () => {
    for (const name of ['nanogpt.wasm', 'nanogpt-relaxed.wasm']) {
      const text = bytesOf(name).toString('latin1');
      expect(text.match(/wasi_snapshot_preview1/), name).toBeNull();
    }
  });
});

describe.skipIf(!built)('memory in WebAssembly', () => {
  it('says so at its end, and goes on with what was freed', () => {
    const backend = small();
    const pointers: number[] = [];
    const fill = () => {
      for (;;) pointers.push(backend.alloc('float32', 1 << 18));
    };
    expect(fill).toThrow(
      /^out of memory: 1048576 bytes do not fit beside the \d+ in use, of 16777216 that this machine has; try a smaller batch or model, and a scope in each round/,
    );
    expect(pointers).toHaveLength(16);
    for (const pointer of pointers.splice(0)) backend.free(pointer);
    const whole = backend.alloc('float32', 1 << 22);
    backend.fill(whole, 'float32', 1 << 22, 3);
    expect(backend.sumOfSquares(whole, 1 << 22)).toBe(9 * (1 << 22));
    backend.free(whole);
  });

  it('ends at what can be addressed, where the machine has more', () => {
    const module = new WebAssembly.Module(bytesOf('nanogpt.wasm'));
    const backend = new WasmBackend({ module, threads: 1, memoryLimit: 2 ** 40 });
    expect(() => backend.alloc('float32', 2 ** 30)).toThrow(
      /^out of memory: 4294967296 bytes .* of 4227858432 that WebAssembly can address/,
    );
  });

  it('reaches beyond 2 GiB: addresses are not negative', () => {
    const module = new WebAssembly.Module(bytesOf('nanogpt.wasm'));
    const backend = new WasmBackend({ module, threads: 1 });
    const blocks = [1, 2, 3].map(() => backend.alloc('float32', 2 ** 28)); // untouched: addresses alone
    expect(Math.max(...blocks)).toBeGreaterThan(2 ** 31);
    const pointer = backend.alloc('float32', 1000);
    backend.normal(pointer, 1000, 0, 1, { seed: 1, stream: 2, position: 3 });
    const values = new Float32Array(1000);
    backend.read(pointer, 'float32', values);
    backend.write(blocks[2], 'float32', values);
    expect(backend.sumOfSquares(blocks[2], 1000)).toBe(backend.sumOfSquares(pointer, 1000));
    expect(backend.sumOfSquares(pointer, 1000)).toBeGreaterThan(500);
  });

  /** Takes what is left, what is kept for the kernels included. */
  function fill(backend: WasmBackend): void {
    const { host } = backend as unknown as { host: KernelHost };
    for (const doubles of [1 << 20, 1 << 12, 8]) {
      const take = () => {
        for (;;) host.table(doubles);
      };
      expect(take).toThrow('out of memory');
    }
  }

  function first(backend: WasmBackend, pointer: number): number {
    const value = new Float32Array(1);
    backend.read(pointer, 'float32', value);
    return value[0];
  }

  const BATCH = matmulSize({ m: 48, n: 48, k: 48, batch: 64 });
  const LACKS =
    /^out of memory: a kernel needs \d+ bytes to work in; try a smaller batch or model$/;

  it('that a kernel lacks to work in is an error, after which others work', () => {
    const backend = small();
    const x = backend.alloc('float32', 48 * 48 * 64);
    backend.fill(x, 'float32', 48 * 48 * 64, 2);
    const out = backend.alloc('float32', 48 * 48 * 64);
    fill(backend);
    for (let i = 0; i < 3; i++) {
      expect(() => backend.matmul(out, x, x, null, BATCH)).toThrow(LACKS);
      expect(() => backend.histogram(out, x, 1000, 0, 1, 10_000)).toThrow(LACKS);
    }
    backend.affine(x, x, 48 * 48 * 64, 3, 1);
    expect(first(backend, x)).toBe(7);
  });

  it('that a kernel lacks in another thread is an error, after which others work', () => {
    const backend = small({ threads: 2, start: startThread });
    const x = backend.alloc('float32', 48 * 48 * 64);
    backend.fill(x, 'float32', 48 * 48 * 64, 2); // in tasks, so that the other thread starts
    const out = backend.alloc('float32', 48 * 48 * 64);
    backend.setThreads(1);
    backend.matmul(out, x, x, null, BATCH); // this thread now has what it needs
    fill(backend);
    backend.setThreads(2);
    for (let found = 0; found < 3; found++) {
      // Until the other thread, which may still be starting, gets hold of a task.
      const again = () => {
        const end = performance.now() + 20_000;
        while (performance.now() < end) backend.matmul(out, x, x, null, BATCH);
      };
      expect(again).toThrow(LACKS);
      backend.affine(x, x, 48 * 48 * 64, 0.5, 1); // 2 again
    }
    backend.setThreads(1);
    backend.matmul(out, x, x, null, BATCH);
    expect(first(backend, out)).toBe(48 * 2 * 2);
  });
});

describe.skipIf(!built)('threads in WebAssembly', () => {
  it('are one where the host cannot start any', () => {
    expect(small({ threads: 4 }).threads).toBe(1);
    const refused = small({
      threads: 4,
      start: () => {
        throw new Error('no workers here');
      },
    });
    const [a, out] = [0, 1].map(() => refused.alloc('float32', 500 * 500));
    refused.fill(a, 'float32', 500 * 500, 1);
    refused.matmul(out, a, a, null, matmulSize({ m: 500, n: 500, k: 500 }));
    expect(refused.sumOfSquares(out, 500 * 500)).toBe(500 ** 4);
  });

  it.skipIf(process.platform !== 'linux')('take part, though the main thread never rests', () => {
    const backend = small({ threads: 3, start: startThread });
    /** Processor time of each thread of this process, in hundredths of a second. */
    const times = () =>
      new Map(
        readdirSync('/proc/self/task').map((id) => {
          const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
          const [user, system] = stat
            .slice(stat.lastIndexOf(')') + 2)
            .split(' ')
            .slice(11, 13);
          return [id, Number(user) + Number(system)];
        }),
      );
    const before = times();
    const [a, out] = [0, 1].map(() => backend.alloc('float32', 500 * 500));
    backend.fill(a, 'float32', 500 * 500, 1);
    const busy = () =>
      [...times()].filter(([id, time]) => time - (before.get(id) ?? 0) > 20).length;
    const end = performance.now() + 20_000;
    while (busy() < 3 && performance.now() < end) {
      backend.matmul(out, a, a, null, matmulSize({ m: 500, n: 500, k: 500 }));
    }
    expect(busy()).toBeGreaterThanOrEqual(3);
  });
});
