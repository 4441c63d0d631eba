/**
 * How far a float32 result may lie from the exact one, and why.
 *
 * U is the unit roundoff: rounding to float32 is off by at most U times the result, or by half the
 * spacing of the subnormals. A sum of n terms that is made in float32 is off by at most n·U·Σ|terms|;
 * but errors are as good as independent, and sums are made in blocks, so that √n is what to expect.
 * Tolerances are a small multiple of that: wide enough for any order of summation, and still far
 * below what a lost or doubled term would do.
 */

/**
 * The greatest difference that is allowed at element i, or ANY. Where NaN or an infinity is expected,
 * nothing else will do but ANY.
 */
export type Tolerance = (i: number, expected: number) => number;

export const U = 2 ** -24;
/** The spacing of the subnormal numbers. */
export const TINY = 2 ** -149;

/** The exact result, rounded correctly. */
export const exact: Tolerance = () => 0;

/** As a tolerance: not promised, anything goes. */
export const ANY = -1;
export const anything: Tolerance = () => ANY;

/** `count` units in the last place. */
export const ulps =
  (count: number): Tolerance =>
  (_, expected) =>
    count * (2 * U * Math.abs(expected) + TINY);

/**
 * `factor` roundings of quantities as large as `magnitude[i]`: for sums, in which terms cancel, the
 * sum of their absolute values.
 */
export const rounding =
  (factor: number, magnitude: ArrayLike<number>): Tolerance =>
  (i, expected) =>
    factor * (U * (magnitude[i] + Math.abs(expected)) + TINY);

/** As `rounding`, for sums of `terms` terms. */
export const summing = (terms: number, magnitude: ArrayLike<number>): Tolerance =>
  rounding(4 + 2 * Math.sqrt(terms), magnitude);

/** Absolute values in double precision, for working out magnitudes. */
export const absolute = (values: ArrayLike<number>): Float64Array =>
  Float64Array.from(values, Math.abs);
