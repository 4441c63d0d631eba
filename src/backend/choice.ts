/** Which backend is the default one in Node. */
import { UsageError, UserError } from '../util/errors.js';
import type { Backend } from './backend.js';
import { loadNative, nativeProblem } from './native-load.js';
import { ReferenceBackend } from './reference.js';
import { loadWasm, wasmProblem } from './wasm-load.js';

/** The names that NANOGPT_BACKEND may have, in the order in which they are tried. */
const NAMES = ['native', 'wasm', 'reference'];

let chosen: Backend | undefined;

/**
 * The default backend of tensors, the same one on every call: the native one where it loads, otherwise
 * the same kernels in WebAssembly, otherwise the reference (`backendNotice()` then says why).
 *
 * NANOGPT_BACKEND=native or wasm insists on it, NANOGPT_BACKEND=reference does without kernels.
 *
 * @throws UserError when a backend is insisted on and cannot be had.
 */
export function defaultBackend(): Backend {
  chosen ??= choose(process.env['NANOGPT_BACKEND'] ?? '');
  return chosen;
}

function choose(wanted: string): Backend {
  if (wanted !== '' && !NAMES.includes(wanted)) {
    throw new UsageError(`NANOGPT_BACKEND: expected native, wasm or reference, got "${wanted}"`);
  }
  if (wanted === 'reference') return new ReferenceBackend() as Backend;
  const found =
    (wanted === 'wasm' ? null : loadNative()) ?? (wanted === 'native' ? null : loadWasm());
  if (found) return found as Backend;
  if (wanted) {
    throw new UserError(
      `NANOGPT_BACKEND=${wanted}: ${wanted === 'native' ? nativeProblem() : wasmProblem()}`,
    );
  }
  return new ReferenceBackend() as Backend;
}

/** One line for the user when a slower backend is in use though nobody asked for it; otherwise null. */
export function backendNotice(): string | null {
  const { name } = defaultBackend();
  if (name === 'native' || process.env['NANOGPT_BACKEND']) return null;
  return name === 'wasm'
    ? `using the WebAssembly kernels; native ones are two to four times as fast: ${nativeProblem()}`
    : `using the slow reference backend: ${nativeProblem()}; ${wasmProblem()}`;
}
