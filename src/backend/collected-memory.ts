/**
 * Memory that the garbage collector counts and frees: buffers outside JavaScript's heap, which do not move.
 *
 * Making a buffer costs more than most operations on a small tensor, so small tensors of about the same
 * size share one. It is freed when none of them can be reached, so that whoever keeps one of them keeps at
 * most sixteen times its size: eight places, each rounded up to a power of two.
 */
import type { Collected } from './backend.js';

/** Bytes of a cache line. Every tensor begins with one, as in the pool: vectors that straddle two are slow. */
const LINE = 64;
/** Bytes beyond which a tensor has a buffer of its own: making one costs little beside filling it. */
const LARGEST = 1 << 16;
/** Tensors that share a buffer. */
const SHARED = 8;

/** A buffer of which the first places are taken. */
interface Shared {
  readonly owner: Buffer;
  /** Address of the next place. */
  next: number;
  /** How many places are left. */
  left: number;
}

export class CollectedMemory {
  readonly #addressOf: (owner: Buffer) => number;
  /** The buffer at hand for each power of two. */
  readonly #shared: Shared[] = [];

  constructor(addressOf: (owner: Buffer) => number) {
    this.#addressOf = addressOf;
  }

  /** So many bytes, uninitialised; null where a buffer cannot be as large, or memory is out. */
  alloc(bytes: number): Collected<number> | null {
    if (bytes > LARGEST) {
      const owner = buffer(bytes);
      return owner && { pointer: this.#startOf(owner), owner };
    }
    const power = bytes <= LINE ? 6 : 32 - Math.clz32(bytes - 1);
    let shared = this.#shared[power];
    if (shared === undefined || shared.left === 0) {
      const owner = buffer(SHARED << power);
      if (!owner) return null;
      shared = { owner, next: this.#startOf(owner), left: SHARED };
      this.#shared[power] = shared;
    }
    const pointer = shared.next;
    shared.next += 1 << power;
    shared.left--;
    return { pointer, owner: shared.owner };
  }

  /** Its first address that begins a cache line. */
  #startOf(owner: Buffer): number {
    return Math.ceil(this.#addressOf(owner) / LINE) * LINE;
  }
}

/** Room for so many bytes from the start of a cache line. */
function buffer(bytes: number): Buffer | null {
  try {
    return Buffer.allocUnsafeSlow(bytes + LINE);
  } catch {
    return null; // larger than a buffer can be, or out of memory: `alloc` of the pool has the words for that
  }
}
