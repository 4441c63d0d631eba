/** The WebAssembly backend: the same C kernels, for machines without a compiler and for browsers. */
import { KernelBackend } from './kernel-backend.js';
import { instantiateKernels, type WasmOptions } from './wasm-library.js';

/** Has memory and threads of its own; in Node `loadWasm` makes the one of the process. */
export class WasmBackend extends KernelBackend {
  readonly name = 'wasm';

  constructor(options: WasmOptions) {
    super(instantiateKernels(options));
  }
}
