/** Softmax and cross-entropy. */

export interface SoftmaxKernels<P> {
  /** Over the last dimension, less the row's maximum first. `log`: log-softmax. A row of −∞ gives NaN. In place is allowed. */
  softmax(out: P, x: P, rows: number, cols: number, log: boolean): void;
  /** From y, the forward's result. `dx` may be `dy`. */
  softmaxBackward(dx: P, dy: P, y: P, rows: number, cols: number, log: boolean): void;
  /**
   * Per row: `lse = log Σ exp(x)` and `loss = (1 − s)(lse − x[target]) + s (lse − mean x)`, s the label
   * smoothing (Szegedy et al. 2016, §7). `lse` is (rows, 2): the row's maximum, and log Σ exp(x − max);
   * their sum would be rounded to the size of the maximum. With s = 0 the second term is not computed, so that logits of −∞
   * mask classes. Rows whose target is `ignoreIndex` (which may lie in [0, cols)) have loss 0; their lse is
   * not promised. Returns the position of the first target that is neither in [0, cols) nor `ignoreIndex`,
   * or −1; if there is one, the outputs are not promised.
   */
  crossEntropy(
    losses: P,
    lse: P,
    logits: P,
    ldLogits: number,
    targets: P,
    rows: number,
    cols: number,
    smoothing: number,
    ignoreIndex: number,
  ): number;
  /** `out[0]` = Σ losses / count (NaN when count is 0), `out[1]` = count of targets other than `ignoreIndex`. */
  meanLoss(out: P, losses: P, targets: P, rows: number, ignoreIndex: number): void;
  /**
   * Of rows that are `ld` apart, part p is columns [bounds[p], bounds[p + 1]): `x = exp(x − the part's maximum)`, in place;
   * `sums` (rows, parts, 2) get that maximum, and the sum of the part's exponentials.
   */
  expParts(x: P, sums: P, ld: number, bounds: P, rows: number, parts: number): void;
  /** `x *= factors` (rows, parts), in place, the parts being those of `expParts`. */
  scaleParts(x: P, ld: number, factors: P, bounds: P, rows: number, parts: number): void;
  /**
   * Gradient of the mean loss with respect to the logits, for a block of columns
   * [column0, column0 + cols) of `vocab` in all (the pointers are at the block's first column): `(exp(x − max − log) − (1 − s)·[j = target] − s/vocab) · dloss[0] / count[0]`;
   * zero rows where the target is `ignoreIndex`. `dlogits` may be `logits`; both have row stride `ld`, and
   * what lies between the rows is left alone.
   */
  crossEntropyBackward(
    dlogits: P,
    logits: P,
    ld: number,
    lse: P,
    targets: P,
    rows: number,
    cols: number,
    column0: number,
    vocab: number,
    smoothing: number,
    ignoreIndex: number,
    dloss: P,
    count: P,
  ): void;
}
