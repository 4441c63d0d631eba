/** What probes ask of a tensor. */
export interface StatisticsKernels<P> {
  /**
   * Of values v = scale · x, or x − minus where that is given, over `rows` rows of `cols` values, `stride` apart in
   * x and one after another in `minus`.
   *
   * `out` (5): mean, standard deviation (over n), least and greatest of the finite values, NaN where there are none,
   * and √Σ v² over them. `counts` (int32, 3 + 2 · 256): zeros, NaN, infinities, then the bins of negative values and
   * those of positive ones, from `FIRST_BIN` to `LAST_BIN` (util/log-bins.ts). Fewer than 2³¹ values.
   */
  statistics(
    out: P,
    counts: P,
    x: P,
    minus: P | null,
    rows: number,
    cols: number,
    stride: number,
    scale: number,
  ): void;
  /** `counts[c]` (int32, cols) = in how many of `rows` rows low < x[c] < high; NaN lies nowhere. */
  countBetween(counts: P, x: P, rows: number, cols: number, low: number, high: number): void;
}
