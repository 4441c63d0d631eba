/** What both forms of the fused cross-entropy have in common: what they ask of their inputs, and their backward. */
import { checkWhole } from '../../util/check.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import type { InputGradient } from '../gradient.js';
import type { Context } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { isUnit } from '../unit.js';
import { checkFloat, checkTargets } from './check.js';
import type { ClassParts } from './class-work.js';

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
  if (!ranks) return;
  const { rank, cut } = ranks;
  const isCut =
    cut[0] === 0 && cut.at(-1) === parts && cut.every((at, i) => at > (cut[i - 1] ?? -1));
  if (!isCut) {
    throw new UserError(
      `${operation}: expected classParts.ranks.cut to ascend from 0 to ${parts}, got [${cut.join(', ')}]`,
    );
  }
  checkWhole(operation, 'classParts.ranks.rank', rank, 0);
  if (rank >= cut.length - 1) {
    throw new UserError(`${operation}: expected a rank below ${cut.length - 1}, got ${rank}`);
  }
}

/** Saves the gradients that a forward has made; the loss itself stands for one that was not wanted. */
export function saveGradients(
  context: Context,
  gradients: readonly (Tensor | null)[],
  result: Tensor,
): void {
  context.save(...gradients.map((gradient) => gradient ?? result));
}

/** The gradients of the mean loss, made in the forward, times that of the loss. */
export function scaledGradients(
  { inputs, tensors }: Context,
  dy: Tensor,
): readonly InputGradient[] {
  const result = tensors[2]; // nobody wants a gradient of the targets
  const gradients = inputs.map(({ shape }, i) =>
    tensors[i] === result ? null : tensors[i].alias(shape),
  );
  if (isUnit(dy)) return gradients;
  for (const gradient of gradients) {
    gradient?.backend.scaleBy(gradient.pointer, gradient.pointer, dy.pointer, gradient.numel);
  }
  return gradients;
}
