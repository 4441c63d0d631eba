/** Optimizer steps. */

/**
 * One parameter's update. The optimizer keeps a list of these between steps and only changes what
 * moves (the gradient's place, the rate), so that a step over a whole set of parameters is one call.
 *
 * A gradient is dense (`rows` null, `count` values) or by rows: `rowCount` distinct rows of `width`
 * values, whose ascending indices are in `rows` (int32); all other rows' gradients are zero. `count`
 * is the number of values of the parameter in both cases.
 */
export interface ParameterUpdate<P> {
  param: P;
  grad: P;
  count: number;
  rows: P | null;
  rowCount: number;
  width: number;
  lr: number;
  weightDecay: number;
  /** SGD: momentum buffer, or null without momentum. AdamW: first moment. */
  state1: P | null;
  /** AdamW: second moment. */
  state2: P | null;
}

export interface OptimizerKernels<P> {
  /**
   * SGD as PyTorch's: `g = gradScale·g + weightDecay·p; m = momentum·m + (1 − dampening)·g;
   * g = nesterov ? g + momentum·m : m; p −= lr·g`. On the `first` step m = g. Row gradients without momentum and decay touch only
   * their rows; otherwise every row takes part with a gradient of zero.
   */
  sgdStep(
    updates: readonly ParameterUpdate<P>[],
    gradScale: number,
    momentum: number,
    dampening: number,
    nesterov: boolean,
    first: boolean,
  ): void;
  /**
   * AdamW (Loshchilov & Hutter 2019), as PyTorch's: `p −= lr·weightDecay·p; m = β1 m + (1 − β1) g;
   * v = β2 v + (1 − β2) g²; p −= lr · m̂ / (√v̂ + eps)`, m̂ = m / (1 − β1^step), v̂ likewise. `step` counts from 1.
   * Every row takes part, those without a gradient too.
   */
  adamwStep(
    updates: readonly ParameterUpdate<P>[],
    gradScale: number,
    beta1: number,
    beta2: number,
    eps: number,
    step: number,
  ): void;
  /** Σ g² over all gradients, in double precision, in fixed blocks (its root is the global norm). */
  gradientSumOfSquares(updates: readonly ParameterUpdate<P>[]): number;
}
