/**
 * The native backend's memory and threads: alloc and free from the pool of kernels/memory.c, and
 * copying to and from the host's arrays.
 */
import { UserError } from '../util/errors.js';
import { memoryLimit } from '../util/memory-limit.js';
import type { Collected, DType, MemoryReport } from './backend.js';
import type { NativeLibrary } from './native-library.js';

/** Bytes of an element, of either type. */
const BYTES = 4;
const LIMIT = memoryLimit();
/** Elements that are converted at a time when a host array is of another type. */
const STAGING = 1 << 14;
const NOT_IN_USE =
  'free: expected a pointer from alloc that was not freed before (offset pointers are not freed)';

export class NativeMemory {
  /** The kernels. */
  protected readonly c: NativeLibrary;
  #threads: number;
  // Small arrays for C, kept so that a call makes none.
  readonly #report = new Float64Array(4);
  readonly #addresses = new Float64Array(128);
  readonly #stagedFloats = new Float32Array(STAGING);
  readonly #stagedInts = new Int32Array(STAGING);
  readonly #floatBits = new Float32Array(1);
  readonly #wordBits = new Uint32Array(this.#floatBits.buffer);

  constructor(library: NativeLibrary) {
    this.c = library;
    library.memory_limit(LIMIT);
    this.#threads = library.parallel_threads();
  }

  alloc(_dtype: DType, count: number): number {
    if (!(Number.isInteger(count) || count === Infinity) || count < 0) {
      throw new Error(`alloc: expected a whole number of elements of at least 0, got ${count}`);
    }
    const address = count * BYTES > LIMIT ? 0 : this.c.memory_alloc(count * BYTES);
    if (address === 0) {
      throw new UserError(
        `out of memory: ${count * BYTES} bytes do not fit beside the ${this.memory.bytesInUse} in use, of ${LIMIT} that this machine has; try a smaller batch or model`,
      );
    }
    return address;
  }

  /** In a buffer outside JavaScript's heap, which does not move. */
  allocCollected(_dtype: DType, count: number): Collected<number> | null {
    let owner: Buffer;
    try {
      owner = Buffer.allocUnsafeSlow(Math.max(1, count) * BYTES);
    } catch {
      return null; // larger than a buffer can be, or out of memory: `alloc` has the words for that
    }
    return { pointer: this.c.memory_address(owner), owner };
  }

  free(pointer: number): void {
    if (this.c.memory_free(pointer) === 0) throw new Error(NOT_IN_USE);
  }

  freeAll(pointers: readonly number[]): void {
    const addresses = this.#addresses;
    let refused = 0;
    for (let begin = 0; begin < pointers.length; begin += addresses.length) {
      const count = Math.min(addresses.length, pointers.length - begin);
      for (let i = 0; i < count; i++) addresses[i] = pointers[begin + i];
      refused += count - this.c.memory_free_all(addresses, count);
    }
    if (refused > 0) throw new Error(NOT_IN_USE);
  }

  /** In bytes as they were rounded up (by at most an eighth) to be handed out again. */
  get memory(): MemoryReport {
    const report = this.#report;
    this.c.memory_report(report);
    return {
      bytesInUse: report[0],
      bytesPooled: report[1],
      peakBytes: report[2],
      buffers: report[3],
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
