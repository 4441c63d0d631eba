/** How much memory there is. */
import os from 'node:os';

/**
 * Maximum memory of this process, in bytes: the machine's, or less where a container (a cgroup)
 * allows less. Swap is left out: a training that swaps does not get on.
 */
export function memoryLimit(): number {
  const allowed = process.constrainedMemory(); // 0, or beyond all memory there is, where nothing is said
  return allowed > 0 ? Math.min(os.totalmem(), allowed) : os.totalmem();
}
