/** Finding the native backend, once for the process, as the environment wishes it. */
import { NativeBackend } from './native.js';
import { type KernelLibrary, loadLibrary, NativeProblem } from './native-library.js';
import { threadsWanted } from './threads-wanted.js';

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
  let library: KernelLibrary;
  try {
    library = loadLibrary();
  } catch (error) {
    if (!(error instanceof NativeProblem)) throw error;
    problem = error.message;
    loaded = null;
    return null;
  }
  const backend = new NativeBackend(library);
  const threads = threadsWanted();
  if (threads !== null) backend.setThreads(threads);
  const blas = process.env['NANOGPT_BLAS'];
  if (blas) backend.useBlas(blas);
  loaded = backend;
  return loaded;
}

/** Why `loadNative()` returned null: one line that ends with what to do. Null when it did not. */
export function nativeProblem(): string | null {
  loadNative();
  return problem;
}
