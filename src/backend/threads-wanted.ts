/** The number of threads that the environment asks for. */
import { availableParallelism } from 'node:os';
import { UsageError } from '../util/errors.js';

/** MAX_THREADS of kernels/parallel.h. */
const MAX_THREADS = 256;

/**
 * NANOGPT_THREADS, or null where it is not set.
 *
 * @throws UsageError when it is no number of threads.
 */
export function threadsWanted(): number | null {
  const { NANOGPT_THREADS: threads } = process.env;
  if (!threads) return null;
  const count = Number(threads);
  if (!Number.isInteger(count) || count < 1 || count > MAX_THREADS) {
    throw new UsageError(
      `NANOGPT_THREADS: expected a number of threads from 1 to ${MAX_THREADS}, got "${threads}" (this machine has ${availableParallelism()} processors)`,
    );
  }
  return count;
}
