/**
 * A backend that computes nothing and only counts: what would be allocated, without allocating it. A model
 * that is built and trained for a step on it tells what memory it needs, however large it is.
 */
import { UserError } from '../util/errors.js';
import type { Backend, MemoryReport } from './backend.js';

/** Bytes of an element, of either type. */
const BYTES = 4;

/** More was asked for than the counting was told to let pass. */
export class CountedEnough extends UserError {}

/** Results of the kernels that have one: of a computation in which nothing is wrong. */
const RESULTS: Readonly<Record<string, (...args: never[]) => number>> = {
  sumOfSquares: () => 0,
  gradientSumOfSquares: () => 0,
  firstNonFinite: () => -1,
  crossEntropy: () => -1,
  gatherRows: () => -1,
  // As if all ids were different: the most there can be.
  sumRowsById: (_rows: unknown, _values: unknown, _dy: unknown, _ids: unknown, count: number) =>
    count,
};

/** What `countingBackend` is told. */
export interface CountingLimits {
  /** Bytes in use at once, beyond which `alloc` throws, once there were so many buffers as `patience` says. */
  bytes: number;
  /** Buffers that are counted on beyond `bytes`, so that the whole need of a model of few parts is known. */
  patience: number;
  /** Buffers in use at once, beyond which `alloc` throws in any case. */
  buffers: number;
}

/**
 * Makes one. Values that are read back from it are 0.
 *
 * @throws CountedEnough from `alloc`.
 */
export function countingBackend(limits: CountingLimits): Backend<number> {
  const live = new Map<number, number>();
  let allocations = 0;
  let bytesInUse = 0;
  let peakBytes = 0;

  const counted = {
    name: 'counting',
    threads: 1,
    alloc(_dtype: unknown, count: number): number {
      const pointer = ++allocations;
      live.set(pointer, count * BYTES);
      bytesInUse += count * BYTES;
      peakBytes = Math.max(peakBytes, bytesInUse);
      const isTooMuch = bytesInUse > limits.bytes && allocations > limits.patience;
      if (isTooMuch || live.size > limits.buffers) throw new CountedEnough('counted enough');
      return pointer;
    },
    free(pointer: number): void {
      bytesInUse -= live.get(pointer) ?? 0;
      live.delete(pointer);
    },
    freeAll(pointers: readonly number[]): void {
      for (const pointer of pointers) this.free(pointer);
    },
    get memory(): MemoryReport {
      const limitBytes = limits.bytes;
      return { bytesInUse, bytesPooled: 0, peakBytes, buffers: live.size, limitBytes };
    },
    offset: (pointer: number) => pointer,
    read: (_pointer: unknown, _dtype: unknown, out: Float32Array) => void out.fill(0),
    ...RESULTS,
  };
  // Every other kernel does nothing.
  return new Proxy(counted as unknown as Backend<number>, {
    get: (target, key) => (key in target ? Reflect.get(target, key) : nothing),
  });
}

function nothing(): void {}
