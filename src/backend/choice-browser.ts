/** Stands in for `choice.ts` in a browser, where kernels are fetched, which takes a while: `useWasm` does that. */
import type { Backend } from './backend.js';
import { ReferenceBackend } from './reference.js';

let chosen: Backend | undefined;

/** The reference backend, the same one on every call. */
export function defaultBackend(): Backend {
  chosen ??= new ReferenceBackend() as Backend;
  return chosen;
}
