/** The native backend: the C kernels of kernels/, compiled for this machine and called through koffi. */
import { UserError } from '../util/errors.js';
import { memoryLimit } from '../util/memory-limit.js';
import type { Collected, DType } from './backend.js';
import { CollectedMemory } from './collected-memory.js';
import { KernelBackend } from './kernel-backend.js';
import type { KernelLibrary } from './kernel-interface.js';

/** Made of a loaded library; see `loadNative`. Every backend of a process shares its memory and threads. */
export class NativeBackend extends KernelBackend {
  readonly name = 'native';
  readonly #library: KernelLibrary;
  readonly #collected: CollectedMemory;

  constructor(library: KernelLibrary) {
    super({
      library,
      table(length) {
        const values = new Float64Array(length);
        return { values, place: values };
      },
      memoryLimit: memoryLimit(),
      limitedBy: 'that this machine has',
      remedy: 'try a smaller batch or model',
    });
    this.#library = library;
    this.#collected = new CollectedMemory((owner) => library.memory_address(owner));
  }

  override allocCollected(_dtype: DType, count: number): Collected<number> | null {
    return this.#collected.alloc(Math.max(1, count) * 4);
  }

  /** What computes matrix products: "nanogpt", "Accelerate", or the path of a BLAS. */
  get matmulEngine(): string {
    return this.#library.matmul_engine();
  }

  /** Has the library at `path`, which offers cblas_sgemm, compute matrix products; '' ends that. */
  useBlas(path: string): void {
    if (this.#library.matmul_use_blas(path) === 0) {
      throw new UserError(`BLAS: expected a shared library that has cblas_sgemm, got "${path}"`);
    }
  }
}
