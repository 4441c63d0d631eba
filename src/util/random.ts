/**
 * Random numbers that can be addressed: Philox4x32-10, a counter-based generator.
 *
 * Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011),
 * section 3.3. Block number n of a stream is a pure function of (seed, stream, n): there is no hidden
 * state to carry along, any block can be computed on any thread, and what a generator needs to be
 * saved and restored is three integers.
 *
 * The convention, which the C kernels (`kernels/philox.h`) and every backend share bit for bit:
 *
 *     key     = (seed mod 2³², ⌊seed / 2³²⌋)
 *     counter = (block mod 2³², ⌊block / 2³²⌋, stream mod 2³², ⌊stream / 2³²⌋)
 *
 * `seed`, `stream` and `block` are integers in [0, 2⁵³), so that each fits a JavaScript number; the
 * upper words therefore have at most 21 bits. A block holds four 32-bit words. Element i of a random
 * tensor that starts at block p uses block p + ⌊i/4⌋, word i mod 4.
 */
import { checkObject, checkRange } from './check.js';
import { describeValue } from './describe.js';
import { UserError } from './errors.js';

const TWO_32 = 2 ** 32;

// Multipliers and Weyl increments (the golden ratio and √3 − 1, as fractions of 2³²) of the paper.
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two 32-bit words, as a signed 32-bit integer. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Neither sum exceeds 2³² − 1: (2¹⁶ − 1)² + 2¹⁶ − 1 = 2³² − 2¹⁶.
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const cross = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/**
 * One block of Philox4x32-10.
 *
 * @param counter four 32-bit words.
 * @param key two 32-bit words.
 * @param out receives four 32-bit words; may be `counter` itself.
 */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  out: Uint32Array,
): void {
  let c0 = counter[0]! | 0;
  let c1 = counter[1]! | 0;
  let c2 = counter[2]! | 0;
  let c3 = counter[3]! | 0;
  let k0 = key[0]! | 0;
  let k1 = key[1]! | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** A generator's whole state: three integers in [0, 2⁵³). Safe to write as JSON. */
export interface GeneratorState {
  readonly seed: number;
  readonly stream: number;
  /** The next 32-bit word to be drawn, counted from the start of the stream. */
  readonly position: number;
}

/** Where a random tensor's words begin. `position` counts blocks of four words, not words. */
export interface BlockAddress {
  readonly seed: number;
  readonly stream: number;
  readonly position: number;
}

/**
 * What randomness is used for. Each use draws from a stream of its own, so that, say, turning dropout
 * on leaves the order of the data as it was.
 */
export const STREAMS = {
  init: 0,
  data: 1,
  dropout: 2,
  sampling: 3,
  evaluation: 4,
  statistics: 5,
} as const;

/** Purposes a rank, or a micro-batch of a step, may have: the stream numbers of number r start at r · 256. */
export const STREAMS_PER_RANK = 256;

/** The stream number of a purpose on one process of several (`rank` 0 when there is only one). */
export function streamFor(purpose: keyof typeof STREAMS, rank = 0): number {
  return checkIndex('rank', rank) * STREAMS_PER_RANK + STREAMS[purpose];
}

function checkIndex(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new UserError(
      `random generator: expected ${name} to be an integer from 0 to 2^53 - 1, got ${describeValue(value)}`,
    );
  }
  return value;
}

/**
 * A sequence of random numbers over one stream of a seed.
 *
 * Every method documents how many 32-bit words it draws. Nothing else is remembered between calls (no
 * spare normal deviate), so `state()` is exact at any moment.
 */
export class Generator {
  readonly seed: number;
  readonly stream: number;
  #position: number;
  /** The block that `#words` holds, or −1. */
  #block = -1;
  readonly #key: Uint32Array;
  readonly #counter = new Uint32Array(4);
  readonly #words = new Uint32Array(4);

  /**
   * @param seed integer in [0, 2⁵³).
   * @param stream integer in [0, 2⁵³); streams of one seed are independent. Default 0.
   * @throws UserError when either is anything else.
   */
  constructor(seed: number, stream = 0) {
    this.seed = checkIndex('seed', seed);
    this.stream = checkIndex('stream', stream);
    this.#key = Uint32Array.of(seed % TWO_32, Math.floor(seed / TWO_32));
    this.#counter[2] = stream % TWO_32;
    this.#counter[3] = Math.floor(stream / TWO_32);
    this.#position = 0;
  }

  /** A generator that continues where `state()` was taken. */
  static fromState(state: GeneratorState): Generator {
    const { seed, stream, position } = checkObject('random generator', state);
    const generator = new Generator(seed, stream);
    generator.#position = checkIndex('position', position);
    return generator;
  }

  state(): GeneratorState {
    return { seed: this.seed, stream: this.stream, position: this.#position };
  }

  /** A uniform 32-bit word, in [0, 2³²). Draws one word. */
  nextUint32(): number {
    return this.#next() >>> 0;
  }

  /** The next word as a signed integer: V8 keeps all of those unboxed, and only half of the unsigned. */
  #next(): number {
    const block = Math.floor(this.#position / 4);
    if (block !== this.#block) {
      this.#counter[0] = block % TWO_32;
      this.#counter[1] = Math.floor(block / TWO_32);
      philox4x32(this.#counter, this.#key, this.#words);
      this.#block = block;
    }
    return this.#words[this.#position++ % 4]! | 0;
  }

  /** A uniform double in [0, 1): a multiple of 2⁻⁵³, all of its 53 bits random. Draws two words. */
  uniform(): number {
    const high = this.#next() >>> 5; // 27 bits
    const low = this.#next() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * A uniform integer in [0, n), without bias. Draws one word, and with probability below n / 2³² more.
   *
   * Source: Lemire, "Fast random integer generation in an interval" (2019), algorithm 5.
   *
   * @throws UserError unless n is an integer from 1 to 2³² − 1.
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n >= TWO_32) {
      throw new UserError(
        `random integer below n: expected an integer n from 1 to 2^32 - 1, got ${describeValue(n)}`,
      );
    }
    let word = this.nextUint32();
    let low = Math.imul(word, n) >>> 0;
    if (low < n) {
      const threshold = (TWO_32 - n) % n;
      while (low < threshold) {
        word = this.nextUint32();
        low = Math.imul(word, n) >>> 0;
      }
    }
    return multiplyHigh(word, n) >>> 0;
  }

  /**
   * A normal deviate (Box and Muller 1958, the cosine branch). Draws four words; the sine branch is
   * given up so that no spare deviate has to be saved with the state.
   */
  normal(mean = 0, std = 1): number {
    checkRange('random generator', 'mean', mean);
    checkRange('random generator', 'std', std);
    const u1 = 1 - this.uniform(); // (0, 1]: the logarithm stays finite
    const u2 = this.uniform();
    return mean + std * Math.sqrt(-2 * Math.log(u1)) * Math.cos(2 * Math.PI * u2);
  }

  /** Shuffles in place (Fisher and Yates; every order equally likely) and returns the same array. */
  shuffle<A extends { length: number; [index: number]: unknown }>(items: A): A {
    if (!Array.isArray(items) && !ArrayBuffer.isView(items)) {
      throw new UserError(`shuffle: expected an array, got ${describeValue(items)}`);
    }
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
    return items;
  }

  /**
   * Sets aside the words of a random tensor of `count` elements, beginning at a whole block, and moves
   * behind them: the backend draws them from the returned address, this generator never again.
   */
  reserve(count: number): BlockAddress {
    const position = Math.ceil(this.#position / 4);
    this.#position = 4 * (position + Math.ceil(checkIndex('count', count) / 4));
    return { seed: this.seed, stream: this.stream, position };
  }
}
