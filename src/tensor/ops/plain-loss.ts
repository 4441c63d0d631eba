/** Losses that are made of other operations. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape, sameShape } from '../../util/shape.js';
import { type Indices, indicesOf } from '../create.js';
import type { Tensor } from '../tensor.js';
import { div, sub } from './arithmetic.js';
import { to } from './cast.js';
import { checkFloat, checkOptions, checkTargets } from './check.js';
import { ne, where } from './compare.js';
import { neg, square } from './elementwise.js';
import { reshape } from './move.js';
import { mean, sum } from './reduce.js';
import { gather } from './take.js';

/** What becomes of the single losses. */
export type Reduction = 'mean' | 'sum' | 'none';

function checkReduction(operation: string, reduction: unknown): void {
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none') {
    throw new UserError(
      `${operation}: expected reduction mean, sum or none, got ${describeValue(reduction)}`,
    );
  }
}

/** Mean of (x − target)²; their sum, or each of them, when `reduction` says so. Shapes are equal. */
export function mseLoss(
  x: Tensor,
  target: Tensor,
  options: { reduction?: Reduction } = {},
): Tensor {
  const { reduction = 'mean' } = checkOptions('mseLoss', options, ['reduction']);
  checkFloat('mseLoss', x);
  checkFloat('mseLoss', target);
  checkReduction('mseLoss', reduction);
  if (!sameShape(x.shape, target.shape)) {
    throw new ShapeError(
      'mseLoss',
      `expected equal shapes, got ${formatShape(x.shape)} and ${formatShape(target.shape)}`,
    );
  }
  const losses = square(sub(x, target));
  return reduction === 'none' ? losses : reduction === 'sum' ? sum(losses) : mean(losses);
}

/**
 * Negative log-likelihood of target classes (…), given log-probabilities (…, V): −logProbs[target], its
 * mean unless `reduction` says otherwise. Targets of `ignoreIndex` (default: −100) are ignored.
 * `crossEntropy` takes logits, and is the quicker and more accurate way.
 *
 * @throws ShapeError naming the first target outside [0, V).
 */
export function nllLoss(
  logProbs: Tensor,
  classes: Indices,
  options: { ignoreIndex?: number; reduction?: Reduction } = {},
): Tensor {
  const { ignoreIndex = -100, reduction = 'mean' } = checkOptions('nllLoss', options, [
    'ignoreIndex',
    'reduction',
  ]);
  checkFloat('nllLoss', logProbs);
  const targets = indicesOf('nllLoss', classes, logProbs.backend);
  checkReduction('nllLoss', reduction);
  checkTargets('nllLoss', logProbs, targets);
  const rows = reshape(logProbs, [targets.numel, logProbs.size(-1)]); // (…, V) → (rows, V)
  const kept = reshape(ne(targets, ignoreIndex), [targets.numel]);
  const index = where(kept, reshape(targets, [targets.numel]), 0);
  const picked = reshape(gather(rows, 1, reshape(index, [targets.numel, 1])), [targets.numel]);
  const losses = where(kept, neg(picked), 0);
  if (reduction === 'none') return reshape(losses, targets.shape);
  return reduction === 'sum' ? sum(losses) : div(sum(losses), to(sum(kept), 'float32'));
}
