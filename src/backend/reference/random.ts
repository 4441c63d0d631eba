/**
 * Random tensors: element i is made of word i of a Philox stream, so it does not matter who computes
 * which part.
 */
import { Generator } from '../../util/random.js';
import type { RandomKey } from '../backend.js';
import type { HostArray } from './memory.js';

/** The stream's words from block `key.position` on. */
function wordsOf(key: RandomKey): Generator {
  return Generator.fromState({ ...key, position: 4 * key.position });
}

/** In [0, 1): the word's top 24 bits, as many as a float32 holds exactly. */
const unit = (word: number) => (word >>> 8) / 2 ** 24;

/** `out = low + (high − low) · u`. */
export function uniform(
  out: HostArray,
  count: number,
  low: number,
  high: number,
  key: RandomKey,
): void {
  const words = wordsOf(key);
  const most = greatestBelow(low, high);
  for (let i = 0; i < count; i++) {
    const value = low + (high - low) * unit(words.nextUint32());
    out[i] = Math.fround(value) > most ? most : value;
  }
}

/** The greatest float32 below `high`, which rounding must not reach; `high` itself where the range is empty. */
function greatestBelow(low: number, high: number): number {
  const float = new Float32Array([high]);
  const bits = new Int32Array(float.buffer);
  if (!(low < high) || float[0] < high) return float[0];
  if (float[0] === 0)
    bits[0] = 1 | (1 << 31); // the negative number nearest to zero
  else bits[0] += float[0] > 0 ? -1 : 1;
  return float[0];
}

/**
 * Two words make two independent normal deviates: a radius √(−2 ln u1) and an angle 2π u2, taken
 * apart by cos and sin (Box & Muller 1958).
 */
export function normal(
  out: HostArray,
  count: number,
  mean: number,
  std: number,
  key: RandomKey,
): void {
  const words = wordsOf(key);
  for (let i = 0; i < count; i += 2) {
    const u1 = unit(words.nextUint32()) + 2 ** -24; // (0, 1], so that the logarithm is finite
    const u2 = unit(words.nextUint32());
    const radius = Math.sqrt(-2 * Math.log(u1));
    out[i] = mean + std * radius * Math.cos(2 * Math.PI * u2);
    if (i + 1 < count) out[i + 1] = mean + std * radius * Math.sin(2 * Math.PI * u2);
  }
}

/** Zero with probability p, else x / (1 − p), so that the expectation stays x (Srivastava et al. 2014). */
export function dropout(
  out: HostArray,
  x: HostArray,
  count: number,
  p: number,
  key: RandomKey,
): void {
  const words = wordsOf(key);
  for (let i = 0; i < count; i++) {
    out[i] = unit(words.nextUint32()) < p ? 0 : x[i] / (1 - p);
  }
}
