/** A worker's life in the WebAssembly backend's pool of threads. */
import type { WasmMemory, WasmModule, WebAssemblyNamespace } from './web-assembly.js';

/** What a worker is told, in one message: it goes to other threads as it is. */
export interface ThreadOrder {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Its number, from 1 on. */
  readonly thread: number;
  /** The address where its stack begins (it grows downwards), and of its thread-local variables. */
  readonly stack: number;
  readonly locals: number;
}

interface ThreadExports {
  readonly __stack_pointer: { value: number };
  __wasm_init_tls(address: number): void;
  work(thread: number): void;
  giveUp(): void;
}

/**
 * To be called in a worker: does tasks of the kernels until the worker is terminated, and does not return.
 *
 * It stands alone: Node's worker is given its text.
 */
export function runThread({ module, memory, thread, stack, locals }: ThreadOrder): void {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyNamespace };
  const host = {
    startThreads: () => 0,
    outOfMemory() {
      throw new Error('out of memory');
    },
  };
  const instance = new WebAssembly.Instance(module, { env: { memory }, host });
  const c = instance.exports as ThreadExports;
  c.__wasm_init_tls(locals);
  for (;;) {
    c.__stack_pointer.value = stack;
    try {
      c.work(thread);
    } catch {
      // Whoever began the job hears of it, and goes on without this task.
      c.__stack_pointer.value = stack;
      c.giveUp();
    }
  }
}
