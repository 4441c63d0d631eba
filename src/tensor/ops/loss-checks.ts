/** What both forms of the fused cross-entropy ask of their inputs. */
import { checkWhole } from '../../util/check.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkTargets } from './check.js';
import type { ClassParts } from './class-parts.js';

export function badTarget(
  operation: string,
  targets: Tensor,
  at: number,
  classes: number,
): ShapeError {
  return new ShapeError(
    operation,
    `expected targets from 0 to ${classes - 1}, got ${targets.dataSync()[at]} at position ${at}`,
  );
}

export function checkFused(
  x: Tensor,
  weight: Tensor,
  targets: Tensor,
  bias: Tensor | undefined,
): void {
  const name = 'linearCrossEntropy';
  checkFloat(name, x);
  checkFloat(name, weight);
  if (bias) checkFloat(name, bias);
  if (weight.ndim !== 2 || x.ndim < 1 || x.size(-1) !== weight.shape[1]) {
    throw new ShapeError(
      name,
      `expected x (…, C) and weight (V, C), got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== weight.shape[0])) {
    throw new ShapeError(
      name,
      `expected bias (${weight.shape[0]}), got ${formatShape(bias.shape)}`,
    );
  }
  checkTargets(name, x, targets);
}

/** @throws UserError for parts that cannot be made. */
export function checkClassParts(
  operation: string,
  { parts, ranks }: ClassParts,
  classes: number,
  smoothing: number,
): void {
  checkWhole(operation, 'classParts.parts', parts, 1);
  const most = Math.max(1, Math.floor(classes / 2));
  if ((parts & (parts - 1)) !== 0 || parts > most) {
    throw new UserError(
      `${operation}: expected a power of two of classParts.parts, at most ${most}, got ${parts}`,
    );
  }
  if (smoothing !== 0) {
    throw new UserError(`${operation}: classParts goes without labelSmoothing, got ${smoothing}`);
  }
  if (ranks && (ranks.rank < 0 || ranks.rank >= parts)) {
    throw new UserError(`${operation}: expected a rank below ${parts}, got ${ranks.rank}`);
  }
}
