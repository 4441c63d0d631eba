/**
 * The reference backend's memory: typed arrays, counted, so that a leak or a double free shows.
 */
import { UserError } from '../../util/errors.js';
import { memoryLimit } from '../../util/memory-limit.js';
import type { Backend, Collected, DType, MemoryReport } from '../backend.js';

const LIMIT = memoryLimit();

/** A pointer of the reference backend. `offset` is `subarray`. */
export type HostArray = Float32Array | Float64Array | Int32Array;

/** A kernel by its name in `Backend`, over arrays. */
export type Kernel<K extends keyof Backend<HostArray>> = Backend<HostArray>[K];

/** What stands in float32's place: itself, or doubles, so that finite differences are exact enough. */
export type Precision = 'float32' | 'float64';

export class HostMemory {
  readonly #live = new Set<HostArray>();
  readonly #Float: Float32ArrayConstructor | Float64ArrayConstructor;
  #bytes = 0;
  #peak = 0;

  constructor(precision: Precision) {
    this.#Float = precision === 'float64' ? Float64Array : Float32Array;
  }

  /** Nothing is pooled: what is freed is left to the garbage collector. */
  report(): MemoryReport {
    return {
      bytesInUse: this.#bytes,
      bytesPooled: 0,
      peakBytes: this.#peak,
      buffers: this.#live.size,
      limitBytes: LIMIT,
    };
  }

  alloc(dtype: DType, count: number): HostArray {
    if (!(Number.isInteger(count) || count === Infinity) || count < 0) {
      throw new Error(`alloc: expected a whole number of elements of at least 0, got ${count}`);
    }
    const array = this.#create(dtype, count);
    this.#live.add(array);
    this.#bytes += array.byteLength;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return array;
  }

  /** Not counted: nobody says when it is gone. */
  allocCollected(dtype: DType, count: number): Collected<HostArray> {
    const owner = this.#create(dtype, count);
    return { pointer: owner, owner };
  }

  free(pointer: HostArray): void {
    if (!this.#live.delete(pointer)) {
      throw new Error(
        'free: expected a pointer from alloc that was not freed before (offset pointers are not freed)',
      );
    }
    this.#bytes -= pointer.byteLength;
  }

  #create(dtype: DType, count: number): HostArray {
    if (this.#bytes + count * 4 > LIMIT) throw this.#outOfMemory(dtype, count);
    try {
      // Memory is promised uninitialised; with NaN in it, whoever relies on zeros finds out.
      return dtype === 'float32' ? new this.#Float(count).fill(NaN) : new Int32Array(count);
    } catch (cause) {
      throw this.#outOfMemory(dtype, count, cause);
    }
  }

  #outOfMemory(dtype: DType, count: number, cause?: unknown): UserError {
    return new UserError(
      `out of memory: ${count} elements of ${dtype} do not fit beside the ${this.#bytes} bytes in use, of ${LIMIT} that this machine has; try a smaller batch or model`,
      { cause },
    );
  }
}

/** The pointer `elements` further on. */
export function offset(pointer: HostArray, elements: number): HostArray {
  if (!(elements >= 0 && elements <= pointer.length)) {
    throw new Error(`offset: expected 0 to ${pointer.length} elements, got ${elements}`);
  }
  return pointer.subarray(elements);
}

export function write(pointer: HostArray, dtype: DType, values: ArrayLike<number>): void {
  checkAccess('write', pointer, dtype, values.length);
  pointer.set(values);
}

export function read(pointer: HostArray, dtype: DType, out: HostArray): void {
  checkAccess('read', pointer, dtype, out.length);
  out.set(pointer.subarray(0, out.length));
}

export function fill(out: HostArray, dtype: DType, count: number, value: number): void {
  checkAccess('fill', out, dtype, count);
  out.fill(value, 0, count);
}

export function copy(out: HostArray, x: HostArray, dtype: DType, count: number): void {
  checkAccess('copy', out, dtype, count);
  checkAccess('copy', x, dtype, count);
  out.set(x.subarray(0, count));
}

/** The oracle is strict where native memory cannot be: the right type, and no reaching past the end. */
function checkAccess(what: string, pointer: HostArray, dtype: DType, count: number): void {
  if (pointer instanceof Int32Array === (dtype === 'float32')) {
    throw new Error(`${what}: expected memory of ${dtype}, got a ${pointer.constructor.name}`);
  }
  if (count > pointer.length) {
    throw new Error(`${what}: expected at most ${pointer.length} elements, got ${count}`);
  }
}
