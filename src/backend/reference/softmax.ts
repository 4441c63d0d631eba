/**
 * Softmax and cross-entropy over rows. The row's maximum is taken off first: it changes nothing in
 * exact arithmetic, and keeps exp from overflowing.
 */
import type { HostArray } from './memory.js';

/**
 * `log Σ exp(x)` over `cols` values of `x` from `start`, in two parts: the maximum, and `log Σ exp(x − max)`.
 * Added up they would be rounded to the size of the maximum, which at large logits leaves no digits.
 */
function logSumExp(x: HostArray, start: number, cols: number): [max: number, log: number] {
  let max = -Infinity;
  for (let c = 0; c < cols; c++) max = Math.max(max, x[start + c]);
  let total = 0;
  for (let c = 0; c < cols; c++) total += Math.exp(x[start + c] - max);
  return [max, Math.log(total)];
}

/** `exp(x) / Σ exp(x)` for each row of (rows, cols), or its logarithm. */
export function softmax(
  out: HostArray,
  x: HostArray,
  rows: number,
  cols: number,
  log: boolean,
): void {
  for (let r = 0; r < rows; r++) {
    const row = r * cols;
    const [max, logSum] = logSumExp(x, row, cols);
    for (let c = 0; c < cols; c++) {
      const logProbability = x[row + c] - max - logSum;
      out[row + c] = log ? logProbability : Math.exp(logProbability);
    }
  }
}

/**
 * softmax: `dx = y (dy − Σ dy·y)`. log-softmax: `dx = dy − exp(y) Σ dy`. The sums are over the row.
 */
export function softmaxBackward(
  dx: HostArray,
  dy: HostArray,
  y: HostArray,
  rows: number,
  cols: number,
  log: boolean,
): void {
  for (let r = 0; r < rows; r++) {
    const row = r * cols;
    let total = 0;
    for (let c = 0; c < cols; c++) total += log ? dy[row + c] : dy[row + c] * y[row + c];
    for (let c = 0; c < cols; c++) {
      const at = row + c;
      dx[at] = log ? dy[at] - Math.exp(y[at]) * total : y[at] * (dy[at] - total);
    }
  }
}

/**
 * `loss = (1 − s)(lse − x[target]) + s (lse − mean x)` for each row of logits (rows, cols): the
 * cross-entropy with a target distribution that gives s/cols to every class and 1 − s more to the
 * target. Returns the position of the first bad target, or −1.
 */
export function crossEntropy(
  losses: HostArray,
  lse: HostArray,
  logits: HostArray,
  ldLogits: number,
  targets: HostArray,
  rows: number,
  cols: number,
  smoothing: number,
  ignoreIndex: number,
): number {
  for (let r = 0; r < rows; r++) {
    const target = targets[r];
    if (target !== ignoreIndex && !(target >= 0 && target < cols)) return r;
  }
  for (let r = 0; r < rows; r++) {
    const row = r * ldLogits;
    const target = targets[r];
    const [max, logSum] = logSumExp(logits, row, cols);
    lse[2 * r] = max;
    lse[2 * r + 1] = logSum;
    if (target === ignoreIndex) {
      losses[r] = 0;
      continue;
    }
    let loss = (1 - smoothing) * (max - logits[row + target] + logSum);
    if (smoothing !== 0) {
      // Not added when s = 0, so that a class masked with −∞ costs nothing (0 · ∞ would be NaN).
      let total = 0;
      for (let c = 0; c < cols; c++) total += logits[row + c];
      loss += smoothing * (max - total / cols + logSum);
    }
    losses[r] = loss;
  }
  return -1;
}

/** `out = [Σ losses / count, count]` over the rows that are not ignored. */
export function meanLoss(
  out: HostArray,
  losses: HostArray,
  targets: HostArray,
  rows: number,
  ignoreIndex: number,
): void {
  let total = 0;
  let count = 0;
  for (let r = 0; r < rows; r++) {
    if (targets[r] === ignoreIndex) continue;
    total += losses[r];
    count++;
  }
  out[0] = total / count;
  out[1] = count;
}

/**
 * `dlogits[j] = (exp(x[j] − max − log) − (1 − s)·[j = target] − s/vocab) · dloss / count`: the softmax less
 * the target distribution.
 */
export function crossEntropyBackward(
  dlogits: HostArray,
  logits: HostArray,
  ld: number,
  lse: HostArray,
  targets: HostArray,
  rows: number,
  cols: number,
  column0: number,
  vocab: number,
  smoothing: number,
  ignoreIndex: number,
  dloss: HostArray,
  count: HostArray,
): void {
  const scale = dloss[0] / count[0];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const at = r * ld + c;
      const hit = targets[r] === column0 + c ? 1 : 0;
      const wanted = (1 - smoothing) * hit + smoothing / vocab;
      const gradient = (Math.exp(logits[at] - lse[2 * r] - lse[2 * r + 1]) - wanted) * scale;
      dlogits[at] = targets[r] === ignoreIndex ? 0 : gradient;
    }
  }
}

/** Columns in parts, each by itself: `x = exp(x − maximum)`; `sums` get the maximum and Σ. */
export function expParts(
  x: HostArray,
  sums: HostArray,
  ld: number,
  bounds: HostArray,
  rows: number,
  parts: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let p = 0; p < parts; p++) {
      const [begin, end] = [r * ld + bounds[p], r * ld + bounds[p + 1]];
      let max = -Infinity;
      let sum = 0;
      for (let i = begin; i < end; i++) if (x[i] > max) max = x[i]; // NaN comes back with the sum
      for (let i = begin; i < end; i++) {
        x[i] = Math.exp(x[i] - max);
        sum += x[i];
      }
      sums.set([max, sum], 2 * (r * parts + p));
    }
  }
}

/** `x *= factors[row, part]`. */
export function scaleParts(
  x: HostArray,
  ld: number,
  factors: HostArray,
  bounds: HostArray,
  rows: number,
  parts: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let p = 0; p < parts; p++) {
      for (let c = bounds[p]; c < bounds[p + 1]; c++) x[r * ld + c] *= factors[r * parts + p];
    }
  }
}
