/** Drawing from a normal distribution that is cut off on both sides. */
import type { RandomSource, Tensor } from '../tensor/index.js';
import { Generator } from '../util/random.js';

interface Truncation {
  mean: number;
  std: number;
  low: number;
  high: number;
  random: RandomSource;
}

/**
 * Fills `tensor` with N(mean, std) conditioned on [low, high]. The backend draws all elements at once;
 * the few that fall outside are drawn again, one by one, on the host.
 */
export function truncatedNormalInto(tensor: Tensor, truncation: Truncation): Tensor {
  const { mean, std, low, high, random } = truncation;
  const count = tensor.numel;
  tensor.changeInPlace('init.truncatedNormal');
  tensor.backend.normal(tensor.pointer, count, mean, std, random.take(count));
  const values = tensor.doublesSync();
  const start = random.take(0);
  const generator = Generator.fromState({ ...start, position: 4 * start.position });
  const alpha = (low - mean) / std;
  const beta = (high - mean) / std;
  let redrawn = 0;
  for (let i = 0; i < count; i++) {
    if (values[i] >= low && values[i] <= high) continue;
    const deviate = std === 0 ? 0 : truncatedDeviate(generator, alpha, beta);
    // Where the bounds are too far off to be counted in deviations, it is the nearest of them.
    const value = Number.isFinite(deviate) ? mean + std * deviate : mean;
    values[i] = Math.min(high, Math.max(low, value));
    redrawn++;
  }
  // The words that were drawn here are taken: nobody gets them again.
  random.take(generator.state().position - 4 * start.position);
  return redrawn > 0 ? tensor.copy_(values) : tensor;
}

/**
 * N(0, 1) conditioned on [alpha, beta], exactly, by rejection: proposals are normal, uniform or
 * exponential, whichever fits the interval. Robert 1995, "Simulation of truncated normal variables".
 *
 * So far out that doubles do not tell a tail from its start, it is the start.
 */
export function truncatedDeviate(generator: Generator, alpha: number, beta: number): number {
  if (alpha < 0 && beta <= 0) return -truncatedDeviate(generator, -beta, -alpha);
  if (alpha < 0) {
    return beta - alpha > Math.sqrt(2 * Math.PI)
      ? normalWithin(generator, alpha, beta)
      : uniformWithin(generator, alpha, beta, 0);
  }
  // Half of a tail lies within ln 2 / alpha, less than the spacing of doubles there.
  if (alpha > FARTHEST) return alpha;
  // A tail: exponential proposals from alpha on, of the best rate, unless the interval is short.
  const rate = (alpha + Math.sqrt(alpha * alpha + 4)) / 2;
  if (beta - alpha < 1 / rate) return uniformWithin(generator, alpha, beta, alpha);
  for (;;) {
    const x = alpha - Math.log(1 - generator.uniform()) / rate;
    if (x <= beta && generator.uniform() <= Math.exp(-((x - rate) ** 2) / 2)) return x;
  }
}

/** 2²⁶, the root of 1 / 2⁻⁵². */
const FARTHEST = 2 ** 26;

function normalWithin(generator: Generator, alpha: number, beta: number): number {
  for (;;) {
    const x = generator.normal();
    if (x >= alpha && x <= beta) return x;
  }
}

/** Uniform proposals, accepted by the density's share of what it is at its peak. */
function uniformWithin(generator: Generator, alpha: number, beta: number, peak: number): number {
  for (;;) {
    const x = alpha + (beta - alpha) * generator.uniform();
    if (generator.uniform() <= Math.exp(((peak - x) * (peak + x)) / 2)) return x;
  }
}
