/**
 * A backend that computes nothing and only counts: what would be allocated, without allocating it. A model
 * that is built and trained for a step on it tells what memory it needs, however large it is.
 */
import { UserError } from '../util/errors.js';
import type { Backend, MemoryReport } from './backend.js';
import type { AttentionSize } from './interface/attention.js';
import type { MatmulSize } from './interface/matmul.js';

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

/** A backend that counts. */
export interface CountingBackend extends Backend<number> {
  /**
   * Floating-point operations so far that products take: 2·m·n·k for a matrix product; for attention, 4 forward and
   * 8 backward for each number of a head and each pair of positions that see one another. What the backward computes
   * a second time to save memory, and all that is element by element, is left out.
   */
  readonly flops: number;
}

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
export function countingBackend(limits: CountingLimits): CountingBackend {
  const live = new Map<number, number>();
  let allocations = 0;
  let bytesInUse = 0;
  let peakBytes = 0;
  let flops = 0;

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
    get flops(): number {
      return flops;
    },
    matmul(_out: unknown, _a: unknown, _b: unknown, _bias: unknown, size: MatmulSize): void {
      flops += 2 * size.m * size.n * size.k * size.batch;
    },
    attention(
      _out: unknown,
      _lse: unknown,
      _q: unknown,
      _k: unknown,
      _v: unknown,
      size: AttentionSize,
    ): void {
      flops += 4 * seen(size);
    },
    attentionBackward(...given: unknown[]): void {
      flops += 8 * seen(given.at(-1) as AttentionSize);
    },
    offset: (pointer: number) => pointer,
    read: (_pointer: unknown, _dtype: unknown, out: Float32Array) => void out.fill(0),
    ...RESULTS,
  };
  // Every other kernel does nothing.
  return new Proxy(counted as unknown as CountingBackend, {
    get: (target, key) => (key in target ? Reflect.get(target, key) : nothing),
  });
}

function nothing(): void {}

/** Numbers of heads times pairs of positions that see one another. */
function seen({ batch, heads, queries, keys, width, window }: AttentionSize): number {
  let pairs = 0;
  for (let i = 0; i < queries; i++) pairs += Math.min(window, i + 1 + keys - queries);
  return batch * heads * width * pairs;
}
