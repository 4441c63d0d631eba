/**
 * Memory and threads of the backends that call the C kernels: alloc and free from the pool of
 * kernels/memory.c, and copying to and from the host's arrays.
 */
import { UserError } from '../util/errors.js';
import type { Collected, DType, MemoryReport } from './backend.js';
import type { HostArray, KernelLibrary } from './kernel-interface.js';

/** Bytes of an element, of either type. */
const BYTES = 4;
/** Elements that are converted at a time when a host array is of another type. */
const STAGING = 1 << 14;
const NOT_IN_USE =
  'free: expected a pointer from alloc that was not freed before (offset pointers are not freed)';

/** A small array that the kernels read or write, kept so that a call makes none. */
export interface Table {
  readonly values: Float64Array;
  /** As the kernels are told of it. */
  readonly place: HostArray;
}

/** What the kernels are, wherever they run. */
export interface KernelHost {
  /** Without what only a library of the machine's own can do. */
  readonly library: Omit<KernelLibrary, 'memory_address' | NotEverywhere>;
  /** A table of so many doubles. */
  table(length: number): Table;
  /** Bytes beyond which nothing is allocated. */
  readonly memoryLimit: number;
  /** Whose limit that is, in an error: "that this machine has". */
  readonly limitedBy: string;
  /** What to do at that limit, in an error: "try a smaller batch or model". */
  readonly remedy: string;
}

type NotEverywhere = 'matmul_use_blas' | 'matmul_engine' | 'blas_product';

export class KernelMemory {
  /** The kernels. */
  protected readonly c: KernelHost['library'];
  protected readonly host: KernelHost;
  readonly #report: Table;
  readonly #addresses: Table;
  readonly #stagedFloats = new Float32Array(STAGING);
  readonly #stagedInts = new Int32Array(STAGING);
  readonly #floatBits = new Float32Array(1);
  readonly #wordBits = new Uint32Array(this.#floatBits.buffer);
  #threads: number;

  constructor(host: KernelHost) {
    this.host = host;
    this.c = host.library;
    this.c.memory_limit(host.memoryLimit);
    this.#report = host.table(4);
    this.#addresses = host.table(128);
    this.#threads = this.c.parallel_threads();
  }

  alloc(_dtype: DType, count: number): number {
    if (!(Number.isInteger(count) || count === Infinity) || count < 0) {
      throw new Error(`alloc: expected a whole number of elements of at least 0, got ${count}`);
    }
    const { memoryLimit, limitedBy, remedy } = this.host;
    const address = count * BYTES > memoryLimit ? 0 : this.c.memory_alloc(count * BYTES);
    if (address === 0) {
      throw new UserError(
        `out of memory: ${count * BYTES} bytes do not fit beside the ${this.memory.bytesInUse} in use, of ${memoryLimit} ${limitedBy}; ${remedy}`,
      );
    }
    return address;
  }

  /** None, but where the kernels see all of the process's memory. */
  allocCollected(_dtype: DType, _count: number): Collected<number> | null {
    return null;
  }

  free(pointer: number): void {
    if (this.c.memory_free(pointer) === 0) throw new Error(NOT_IN_USE);
  }

  freeAll(pointers: readonly number[]): void {
    const { values: addresses, place } = this.#addresses;
    let refused = 0;
    for (let begin = 0; begin < pointers.length; begin += addresses.length) {
      const count = Math.min(addresses.length, pointers.length - begin);
      for (let i = 0; i < count; i++) addresses[i] = pointers[begin + i];
      refused += count - this.c.memory_free_all(place, count);
    }
    if (refused > 0) throw new Error(NOT_IN_USE);
  }

  /** In bytes as they were rounded up (by at most an eighth) to be handed out again. */
  get memory(): MemoryReport {
    this.c.memory_report(this.#report.place);
    const { values } = this.#report;
    return {
      bytesInUse: values[0],
      bytesPooled: values[1],
      peakBytes: values[2],
      buffers: values[3],
      limitBytes: this.host.memoryLimit,
    };
  }

  /** Gives freed memory back to the system. Returns how many bytes that was. */
  trim(): number {
    return this.c.memory_trim();
  }

  offset(pointer: number, elements: number): number {
    return pointer + elements * BYTES;
  }

  write(pointer: number, dtype: DType, values: ArrayLike<number>): void {
    const { length } = values;
    if (length === 0) return;
    const direct =
      dtype === 'float32' ? values instanceof Float32Array : values instanceof Int32Array;
    if (direct) {
      this.c.copy_in(pointer, values as Float32Array | Int32Array, length * BYTES);
      return;
    }
    const staged = dtype === 'float32' ? this.#stagedFloats : this.#stagedInts;
    for (let begin = 0; begin < length; begin += STAGING) {
      const count = Math.min(STAGING, length - begin);
      for (let i = 0; i < count; i++) staged[i] = values[begin + i];
      this.c.copy_in(pointer + begin * BYTES, staged, count * BYTES);
    }
  }

  read(pointer: number, dtype: DType, out: Float32Array | Float64Array | Int32Array): void {
    const { length } = out;
    if (length === 0) return;
    const direct = dtype === 'float32' ? out instanceof Float32Array : out instanceof Int32Array;
    if (direct) {
      this.c.copy_out(pointer, out, length * BYTES);
      return;
    }
    const staged = dtype === 'float32' ? this.#stagedFloats : this.#stagedInts;
    for (let begin = 0; begin < length; begin += STAGING) {
      const count = Math.min(STAGING, length - begin);
      this.c.copy_out(pointer + begin * BYTES, staged, count * BYTES);
      for (let i = 0; i < count; i++) out[begin + i] = staged[i];
    }
  }

  fill(out: number, dtype: DType, count: number, value: number): void {
    this.#floatBits[0] = value;
    this.c.fill_words(out, count, dtype === 'float32' ? this.#wordBits[0] : value >>> 0);
  }

  copy(out: number, x: number, _dtype: DType, count: number): void {
    this.c.copy_words(out, x, count);
  }

  get threads(): number {
    return this.#threads;
  }

  setThreads(threads: number): void {
    this.#threads = this.c.parallel_set_threads(threads);
  }
}
