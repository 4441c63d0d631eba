/** The backends of this machine, which the tests hold to the same numbers. */
import { type Backend, loadNative, loadWasm, ReferenceBackend } from '../../src/backend/index.js';

/** The C kernels compiled for this machine, and in WebAssembly; null where they cannot be had. */
export const native = loadNative() as Backend | null;
export const wasm = loadWasm() as Backend | null;

/** Those of the two that can be had. */
export const kernels: readonly Backend[] = [native, wasm].filter((backend) => backend !== null);

/** The reference in single precision, and the kernels. */
export const backends: readonly Backend[] = [new ReferenceBackend() as Backend, ...kernels];

/** For `describe.each`: the name, for the title, and the backend. */
export const named = (list: readonly Backend[]): [string, Backend][] =>
  list.map((backend) => [backend.name, backend]);
