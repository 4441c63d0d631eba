/**
 * Stable bins for values of any magnitude: the same for every tensor, step and run, so that histograms may be
 * added up and laid side by side.
 *
 * Bin k holds the magnitudes from 2^(k/2) to below 2^((k+1)/2): two bins an octave. Negative and positive
 * values are counted apart; zeros, NaN and infinities fall in no bin.
 */

/** The least and the greatest bin. What is smaller or larger still is counted in these: float32 beyond 2^±64. */
export const FIRST_BIN = -128;
export const LAST_BIN = 127;
/** Bins of one sign. */
export const BIN_COUNT: number = LAST_BIN - FIRST_BIN + 1;

/** The bin of a value that is finite and not 0, whatever its sign. */
export function binOf(value: number): number {
  bits.setFloat32(0, value);
  const magnitude = bits.getUint32(0) & 0x7fffffff;
  const upperHalf = (magnitude & 0x7fffff) >= SQRT2_FRACTION ? 1 : 0;
  const bin = 2 * ((magnitude >>> 23) - 127) + upperHalf;
  return Math.min(LAST_BIN, Math.max(FIRST_BIN, bin));
}

const bits = new DataView(new ArrayBuffer(4));
/** The fraction of √2, rounded up to float32: the first of the upper half of an octave. */
const SQRT2_FRACTION = 0x3504f4;

/** Where bin k begins; it ends where k + 1 begins. */
export function binStart(bin: number): number {
  return 2 ** (bin / 2);
}
