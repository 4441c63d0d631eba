/** Finding the WebAssembly backend in Node, once for each thread of it: the modules' bytes and the workers. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { memoryLimit } from '../util/memory-limit.js';
import { threadsWanted } from './threads-wanted.js';
import { WasmBackend } from './wasm.js';
import { hasRelaxedSimd } from './wasm-library.js';
import { runThread, type ThreadOrder } from './wasm-thread.js';
import { WebAssembly } from './web-assembly.js';

/** dist/kernels/, from src/ and dist/ alike. */
const folder = new URL('../../dist/kernels/', import.meta.url);

let loaded: WasmBackend | null | undefined;
let problem: string | null = null;

/** Its text is all that Node's worker needs: no file to be found and loaded. */
const THREAD = `(${runThread})(require('node:worker_threads').workerData);`;

/** Without Node's own arguments, some of which (--input-type) say how to read the program's entry. */
function startThread(order: ThreadOrder): void {
  new Worker(THREAD, { eval: true, workerData: order, execArgv: [] }).unref();
}

/**
 * The WebAssembly backend, or null when it cannot be used: `wasmProblem()` then says why and what to do.
 *
 * NANOGPT_THREADS is the number of threads (default: all cores).
 *
 * @throws UserError when that does not fit.
 */
export function loadWasm(): WasmBackend | null {
  if (loaded !== undefined) return loaded;
  const name = hasRelaxedSimd() ? 'nanogpt-relaxed.wasm' : 'nanogpt.wasm';
  const path = fileURLToPath(new URL(name, folder));
  loaded = null;
  if (!existsSync(path)) {
    problem = `the WebAssembly kernels are not built (no ${path}): run \`npm run build\``;
    return null;
  }
  const threads = threadsWanted() ?? availableParallelism();
  try {
    const module = new WebAssembly.Module(readFileSync(path));
    loaded = new WasmBackend({ module, threads, startThread, memoryLimit: memoryLimit() });
  } catch (cause) {
    problem = `the WebAssembly kernels do not load (${String((cause as Error).message)}): use a newer Node, or run \`npm run build\``;
  }
  return loaded;
}

/** Why `loadWasm()` returned null: one line that ends with what to do. Null when it did not. */
export function wasmProblem(): string | null {
  loadWasm();
  return problem;
}
