/** One step of an optimizer over a set of parameters. */
import type { ParameterUpdate } from '../backend.js';
import type { HostArray } from './memory.js';

type Update = ParameterUpdate<HostArray>;

/** The gradient as if it were dense: rows that are not listed are zero. (`count`) */
function denseGradient(update: Update): HostArray {
  const { grad, rows, rowCount, width, count } = update;
  if (rows === null) return grad;
  const dense = new Float64Array(count);
  for (let r = 0; r < rowCount; r++) {
    dense.set(grad.subarray(r * width, (r + 1) * width), rows[r] * width);
  }
  return dense;
}

/**
 * `g = gradScale·g + weightDecay·p; m = momentum·m + (1 − dampening)·g; g = nesterov ? g + momentum·m : m;
 * p −= lr·g` (Sutskever et al. 2013, in PyTorch's form). Without momentum the middle two fall away.
 *
 * A row whose gradient, momentum and decay are all zero does not move, so nothing is special about
 * gradients by rows here; a fast backend skips those rows.
 */
export function sgdStep(
  updates: readonly Update[],
  gradScale: number,
  momentum: number,
  dampening: number,
  nesterov: boolean,
  first: boolean,
): void {
  for (const update of updates) {
    const { param, count, lr, weightDecay, state1: buffer } = update;
    const grad = denseGradient(update);
    for (let i = 0; i < count; i++) {
      let g = gradScale * grad[i];
      if (weightDecay !== 0) g += weightDecay * param[i];
      if (buffer !== null) {
        const m = first ? g : momentum * buffer[i] + (1 - dampening) * g;
        buffer[i] = m;
        g = nesterov ? g + momentum * m : m;
      }
      param[i] -= lr * g;
    }
  }
}

/**
 * `p −= lr·weightDecay·p; m = β1 m + (1 − β1) g; v = β2 v + (1 − β2) g²; p −= lr · m̂ / (√v̂ + eps)`
 * (Loshchilov & Hutter 2019, algorithm 2), with m̂ and v̂ corrected for having begun at zero.
 */
export function adamwStep(
  updates: readonly Update[],
  gradScale: number,
  beta1: number,
  beta2: number,
  eps: number,
  step: number,
): void {
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (const update of updates) {
    const { param, count, lr, weightDecay } = update;
    const grad = denseGradient(update);
    const m = update.state1!;
    const v = update.state2!;
    for (let i = 0; i < count; i++) {
      const g = gradScale * grad[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const decayed = param[i] - lr * weightDecay * param[i];
      param[i] = decayed - (lr * (m[i] / correction1)) / (Math.sqrt(v[i] / correction2) + eps);
    }
  }
}

/** Σ g² over every gradient of the set. */
export function gradientSumOfSquares(updates: readonly Update[]): number {
  let total = 0;
  for (const { grad, rows, rowCount, width, count } of updates) {
    const length = rows === null ? count : rowCount * width;
    for (let i = 0; i < length; i++) total += grad[i] * grad[i];
  }
  return total;
}
