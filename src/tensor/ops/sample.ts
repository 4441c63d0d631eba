/** Drawing from probabilities. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import { checkSource, type RandomSource } from '../random.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkOptions } from './check.js';

/** For `multinomial`. */
export interface MultinomialOptions {
  /** Whether a class may be drawn again. Default: false, as in PyTorch. */
  replacement?: boolean;
  /** Where the random numbers come from. Default: the default source. */
  random?: RandomSource;
}

/**
 * Classes drawn with probabilities in proportion to weights (classes) or (rows, classes): int32
 * (numSamples) or (rows, numSamples). Weights need not add up to 1. One uniform number a draw, the row's
 * weights summed in double precision, so that a seed gives the same draws on every backend.
 *
 * @throws UserError for weights that are negative or not finite, rows of zeros, or too few classes to
 *   draw without replacement.
 */
export function multinomial(
  weights: Tensor,
  numSamples: number,
  options: MultinomialOptions = {},
): Tensor {
  checkFloat('multinomial', weights);
  const { replacement = false } = checkOptions('multinomial', options, ['replacement', 'random']);
  const random = checkSource('multinomial', options.random);
  if (weights.ndim < 1 || weights.ndim > 2 || !Number.isInteger(numSamples) || numSamples < 1) {
    throw new ShapeError(
      'multinomial',
      `expected weights (classes) or (rows, classes) and at least one sample, got ${formatShape(weights.shape)} and ${describeValue(numSamples)}`,
    );
  }
  const classes = weights.size(-1);
  const rows = weights.ndim === 2 ? weights.shape[0] : 1;
  const values = weights.doublesSync();
  const uniform = weights.empty([rows, numSamples]);
  const key = random.take(uniform.numel);
  uniform.backend.uniform(uniform.pointer, uniform.numel, 0, 1, key);
  const draws = uniform.doublesSync();
  const drawn = new Int32Array(rows * numSamples);
  for (let row = 0; row < rows; row++) {
    const left = values.slice(row * classes, (row + 1) * classes);
    checkWeights(left, row, replacement ? 1 : numSamples);
    for (let i = 0; i < numSamples; i++) {
      const at = row * numSamples + i;
      drawn[at] = drawOne(left, draws[at]);
      if (!replacement) left[drawn[at]] = 0;
    }
  }
  const shape = [...weights.shape.slice(0, -1), numSamples];
  return weights.empty(shape, 'int32').copy_(drawn);
}

function checkWeights(weights: Float64Array, row: number, wanted: number): void {
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0) {
    throw new UserError(
      `multinomial: expected weights of at least 0, got ${weights[bad]} for class ${bad} of row ${row}`,
    );
  }
  const positive = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  if (positive < wanted) {
    throw new UserError(
      `multinomial: expected at least ${wanted} classes of weight above 0, got ${positive} in row ${row}`,
    );
  }
}

/** The class at which the running sum passes u of the whole; u in [0, 1). */
function drawOne(weights: Float64Array, u: number): number {
  const target = u * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    sum += weights[i];
    last = i;
    if (sum > target) return i;
  }
  return last; // only when the sum was rounded below the target
}
