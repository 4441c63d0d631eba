/** The norm of all gradients together, and keeping it within bounds. */
import type { Tensor } from '../tensor/index.js';
import { checkRange } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { namesAndTensors, type Parameters } from './groups.js';
import { emptyUpdate, pointAtGradient, type Update } from './update.js';

/**
 * √Σ g² over the gradients of all parameters, in double precision; those by rows are not made dense.
 * Parameters without a gradient count as zero. NaN where a gradient has one.
 */
export function gradNorm(params: Parameters): number {
  return normOf('gradNorm', tensorsOf('gradNorm', params));
}

function tensorsOf(operation: string, params: Parameters): Tensor[] {
  return namesAndTensors(operation, params).map(([, param]) => param);
}

function normOf(operation: string, params: readonly Tensor[]): number {
  const updates: Update[] = [];
  let first: Tensor | null = null;
  for (const param of params) {
    const update = emptyUpdate(param.numel);
    if (!pointAtGradient(update, param)) continue;
    first ??= param;
    if (param.backend !== first.backend) {
      throw new UserError(
        `${operation}: expected all parameters on one backend, got ${first.backend.name} and ${param.backend.name}`,
      );
    }
    updates.push(update);
  }
  return first ? Math.sqrt(first.backend.gradientSumOfSquares(updates)) : 0;
}

/**
 * By what to multiply gradients whose global norm is `norm` so that it becomes `maxNorm`; 1 where it is
 * less already. As PyTorch's, with 1e-6 added to the norm. 1 where the norm is not finite.
 *
 * Handing this to `optimizer.step({ gradScale })` clips without a pass over the gradients.
 *
 * @throws UserError unless maxNorm is greater than 0.
 */
export function clipScale(norm: number, maxNorm: number): number {
  checkRange('clipScale', 'norm', typeof norm === 'number' && Number.isNaN(norm) ? 0 : norm);
  checkMaxNorm(maxNorm);
  return Number.isFinite(norm) ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
}

function checkMaxNorm(maxNorm: number): void {
  if (typeof maxNorm === 'number' && maxNorm > 0) return;
  throw new UserError(
    `clipGradNorm: expected maxNorm to be greater than 0, got ${describeValue(maxNorm)}`,
  );
}

/**
 * Scales all gradients in place so that their global norm is at most `maxNorm`, and returns the norm
 * that they had. Pascanu et al. 2013, "On the difficulty of training recurrent neural networks",
 * algorithm 1.
 *
 * Where the norm is NaN or infinite, it is returned and the gradients are left as they are, so that
 * the cause can be found (PyTorch would spread the NaN to all of them).
 */
export function clipGradNorm(params: Parameters, maxNorm: number): number {
  const list = tensorsOf('clipGradNorm', params);
  checkMaxNorm(maxNorm);
  const norm = normOf('clipGradNorm', list);
  const scale = clipScale(norm, maxNorm);
  if (scale === 1) return norm;
  for (const param of list) {
    const byRows = param.rowGrad;
    if (byRows) {
      const { values, rowCount, width } = byRows;
      values.alias([rowCount * width]).scale_(scale); // what lies behind is not filled
    } else {
      param.ownGrad?.scale_(scale);
    }
  }
  return norm;
}
