/** Finding the native backend, once for the process, as the environment wishes it. */
import { availableParallelism } from 'node:os';
import { UsageError } from '../util/errors.js';
import { NativeBackend } from './native.js';
import { loadLibrary, type NativeLibrary, NativeProblem } from './native-library.js';

/** MAX_THREADS of kernels/parallel.h. */
const MAX_THREADS = 256;

let loaded: NativeBackend | null | undefined;
let problem: string | null = null;

/**
 * The native backend, one for the process, or null when its library cannot be used: `nativeProblem()`
 * then says why and what to do.
 *
 * Of the environment: NANOGPT_THREADS is the number of threads (default: all cores), NANOGPT_BLAS the
 * path of a library with cblas_sgemm that is to compute matrix products.
 *
 * @throws UserError when one of these does not fit.
 */
export function loadNative(): NativeBackend | null {
  if (loaded !== undefined) return loaded;
  let library: NativeLibrary;
  try {
    library = loadLibrary();
  } catch (error) {
    if (!(error instanceof NativeProblem)) throw error;
    problem = error.message;
    loaded = null;
    return null;
  }
  const backend = new NativeBackend(library);
  const { NANOGPT_THREADS: threads, NANOGPT_BLAS: blas } = process.env;
  if (threads) {
    const count = Number(threads);
    if (!Number.isInteger(count) || count < 1 || count > MAX_THREADS) {
      throw new UsageError(
        `NANOGPT_THREADS: expected a number of threads from 1 to ${MAX_THREADS}, got "${threads}" (this machine has ${availableParallelism()} processors)`,
      );
    }
    backend.setThreads(count);
  }
  if (blas) backend.useBlas(blas);
  loaded = backend;
  return loaded;
}

/** Why `loadNative()` returned null: one line that ends with what to do. Null when it did not. */
export function nativeProblem(): string | null {
  loadNative();
  return problem;
}
