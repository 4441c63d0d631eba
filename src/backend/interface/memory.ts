/** A backend's memory and threads. */
import type { DType } from '../operations.js';

/** What memory a backend holds, in bytes, the collector's not counted. */
export interface MemoryReport {
  /** In buffers that were allocated and not freed. */
  readonly bytesInUse: number;
  /** Freed, and kept to be handed out again. */
  readonly bytesPooled: number;
  /** The most that was ever in use at once. */
  readonly peakBytes: number;
  /** How many buffers are in use. */
  readonly buffers: number;
  /** The most that is handed out at once: this machine's memory, or what the backend can address. */
  readonly limitBytes: number;
}

/** Memory of the garbage collector's. */
export interface Collected<P> {
  readonly pointer: P;
  /** What keeps it: the collector frees the memory when nobody can reach this. */
  readonly owner: object;
}

export interface Memory<P> {
  /** `count` elements, uninitialised. Throws a `UserError` when memory is out. */
  alloc(dtype: DType, count: number): P;
  /**
   * As `alloc`, in memory that the garbage collector counts and frees: valid as long as `owner` can be
   * reached, and never passed to `free`. Null where the backend has none, or not as much.
   */
  allocCollected(dtype: DType, count: number): Collected<P> | null;
  /** Takes what `alloc` returned, once; anything else is an error. */
  free(pointer: P): void;
  /** `free` of each, in one call: a scope's end. */
  freeAll(pointers: readonly P[]): void;
  readonly memory: MemoryReport;
  /** The pointer `elements` further on. */
  offset(pointer: P, elements: number): P;
  /** Copies host values in. */
  write(pointer: P, dtype: DType, values: ArrayLike<number>): void;
  /** Copies `out.length` values out to the host. Synchronous on CPU backends. */
  read(pointer: P, dtype: DType, out: Float32Array | Float64Array | Int32Array): void;
  fill(out: P, dtype: DType, count: number, value: number): void;
  copy(out: P, x: P, dtype: DType, count: number): void;

  /** Threads in use, the caller's included. Results do not depend on it. */
  readonly threads: number;
  setThreads(threads: number): void;
}
