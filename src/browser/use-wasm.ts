/** The WebAssembly kernels in a browser: fetched, compiled, and given workers where the page allows it. */
import { WasmBackend } from '../backend/wasm.js';
import { hasRelaxedSimd } from '../backend/wasm-library.js';
import { runThread, type ThreadOrder } from '../backend/wasm-thread.js';
import { WebAssembly } from '../backend/web-assembly.js';
import { useBackend } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { platform } from './platform.js';

export interface UseWasmOptions {
  /** The address of the folder with `nanogpt.wasm` and `nanogpt-relaxed.wasm`, which ends in a slash. */
  kernels: string;
  /**
   * Default: as many as the processor has, where the page is isolated (`crossOriginIsolated`); 1 elsewhere, since
   * memory cannot be shared there.
   */
  threads?: number | undefined;
}

/**
 * Makes new tensors on the WebAssembly backend from now on. To be called in a worker: a page's own thread may not
 * wait for others, so there, only one thread works.
 *
 * @throws UserError where the kernels cannot be fetched, or do not load.
 */
export async function useWasm({ kernels, threads }: UseWasmOptions): Promise<WasmBackend> {
  const name = hasRelaxedSimd() ? 'nanogpt-relaxed.wasm' : 'nanogpt.wasm';
  const url = `${kernels}${name}`;
  const bytes = await fetchBytes(url);
  const isShared = platform.crossOriginIsolated === true;
  const processors = platform.navigator?.hardwareConcurrency ?? 1;
  try {
    const backend = new WasmBackend({
      module: new WebAssembly.Module(bytes),
      threads: isShared ? (threads ?? processors) : 1,
      startThread: isShared ? startThread : undefined,
    });
    useBackend(backend);
    return backend;
  } catch (cause) {
    throw new UserError(
      `the WebAssembly kernels do not load (${(cause as Error).message}): use a newer browser.`,
      { cause },
    );
  }
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  let problem: string;
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    problem = `${response.status} ${response.statusText}`;
  } catch (cause) {
    problem = (cause as Error).message;
  }
  throw new UserError(`the WebAssembly kernels cannot be fetched from ${url}: ${problem}.`);
}

/** Its text is all that a worker needs: no file to be found by a bundler. */
let address: string | undefined;

function startThread(order: ThreadOrder): void {
  address ??= URL.createObjectURL(
    new Blob([`onmessage = ({ data }) => (${runThread})(data);`], { type: 'text/javascript' }),
  );
  new platform.Worker(address).postMessage(order);
}
