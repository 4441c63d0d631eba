/** Random numbers. */

/** Where a random tensor's numbers come from: Philox4x32-10, see `util/random.ts` for the convention. */
export interface RandomKey {
  readonly seed: number;
  readonly stream: number;
  /** In blocks of four 32-bit words; element `i` uses block `position + ⌊i/4⌋`, word `i mod 4`. */
  readonly position: number;
}

export interface RandomKernels<P> {
  /**
   * `out[i] = low + (high − low) · u`, u in [0, 1): the top 24 bits of word i, over 2²⁴. Computed in
   * double precision and rounded once, so that backends agree to the bit; what would round to `high` is
   * the greatest float32 below it.
   */
  uniform(out: P, count: number, low: number, high: number, key: RandomKey): void;
  /**
   * Box–Muller on pairs of words (2j, 2j+1): u1 = (top 24 bits + 1) / 2²⁴ in (0, 1], u2 likewise
   * without + 1; with r = √(−2 ln u1), `out[2j] = mean + std · r cos(2π u2)` and
   * `out[2j+1] = mean + std · r sin(2π u2)`. The last element of an odd count is a cosine.
   */
  normal(out: P, count: number, mean: number, std: number, key: RandomKey): void;
  /**
   * `out[i] = u_i < p ? 0 : x[i] / (1 − p)`, u as in `uniform` and compared with p in double precision.
   * A dropped NaN or infinity is 0. 0 ≤ p < 1. Its gradient is the same call on dy. In place is allowed.
   */
  dropout(out: P, x: P, count: number, p: number, key: RandomKey): void;
}
