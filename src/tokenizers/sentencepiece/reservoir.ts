/**
 * The original's choice of sentences where there are more than wanted: reservoir sampling (Vitter
 * 1985, algorithm R) with the Mersenne Twister (Matsumoto, Nishimura 1998, MT19937) and a fixed seed,
 * so that the same corpus gives the same sentences.
 */

/** The seed that the original has built in. */
const SEED = 12345678;

/** `size` of the items: the first ones, of which later ones take the place by lot. */
export function reservoirSample<T>(items: T[], size: number, seed = SEED): T[] {
  if (items.length <= size) return items;
  const random = mersenneTwister(seed);
  const kept = items.slice(0, size);
  for (let i = size; i < items.length; i++) {
    const place = below(i + 1, random);
    if (place < size) kept[place] = items[i]!;
  }
  return kept;
}

/**
 * A whole number below `range`, as libstdc++ draws it from 32-bit numbers: by multiplication, and
 * again where the low half falls short (Lemire 2019, "Fast Random Integer Generation in an Interval").
 */
function below(range: number, random: () => number): number {
  const wide = BigInt(range);
  let product = BigInt(random()) * wide;
  let low = Number(product & 0xffffffffn);
  if (low < range) {
    const threshold = (2 ** 32 - range) % range;
    while (low < threshold) {
      product = BigInt(random()) * wide;
      low = Number(product & 0xffffffffn);
    }
  }
  return Number(product >> 32n);
}

/** MT19937: 32-bit numbers from a 32-bit seed. */
export function mersenneTwister(seed: number): () => number {
  const N = 624;
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let at = N;
  return () => {
    if (at === N) {
      for (let i = 0; i < N; i++) {
        const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
        state[i] = state[(i + 397) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
