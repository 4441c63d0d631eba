/**
 * Python's `random.Random(seed)`, as far as published splits of data depend on it: the same seed shuffles
 * a list into the same order as there. For everything else there is `Generator`, which can be addressed.
 *
 * The generator: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudo-random number generator" (1998), MT19937 with the initialisation by an array of 2002. What Python
 * makes of it: the documentation of its module `random`, and `shuffle` as it has been since 3.2.
 */
import { UserError } from './errors.js';

const SIZE = 624;
const MIDDLE = 397;
const TWO_32 = 2 ** 32;

export class PythonRandom {
  readonly #state = new Uint32Array(SIZE);
  #index = SIZE;

  /**
   * @param seed a whole number in [0, 2⁵³).
   * @throws UserError for anything else.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new UserError(`seed: expected a whole number of at least 0, got ${seed}`);
    }
    // Python's key: the 32-bit words of the number, the lowest first, none of them a leading zero.
    const high = Math.floor(seed / TWO_32);
    this.#seedByArray(high > 0 ? [seed % TWO_32, high] : [seed]);
  }

  #seedByArray(key: readonly number[]): void {
    const state = this.#state;
    state[0] = 19650218;
    for (let i = 1; i < SIZE; i++) {
      state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
    }
    const mixed = (i: number, factor: number) =>
      state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), factor);
    let i = 1;
    const advance = () => {
      if (++i < SIZE) return;
      state[0] = state[SIZE - 1]!;
      i = 1;
    };
    for (let k = 0; k < Math.max(SIZE, key.length); k++) {
      const j = k % key.length;
      state[i] = mixed(i, 1664525) + key[j]! + j;
      advance();
    }
    for (let k = 1; k < SIZE; k++) {
      state[i] = mixed(i, 1566083941) - i;
      advance();
    }
    state[0] = 0x80000000;
  }

  /** A uniform 32-bit word, in [0, 2³²): `getrandbits(32)`. */
  nextUint32(): number {
    if (this.#index === SIZE) this.#twist();
    let y = this.#state[this.#index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
      state[i] = state[(i + MIDDLE) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#index = 0;
  }

  /**
   * A uniform whole number in [0, n): `randrange(n)`. As many bits as n has, drawn anew until below n.
   *
   * @throws UserError unless n is a whole number from 1 to 2³² − 1.
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n >= TWO_32) {
      throw new UserError(
        `random integer below n: expected a whole number n from 1 to 2^32 - 1, got ${n}`,
      );
    }
    const spare = Math.clz32(n);
    let drawn = this.nextUint32() >>> spare;
    while (drawn >= n) drawn = this.nextUint32() >>> spare;
    return drawn;
  }

  /** `shuffle`: in place, and returned. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}
