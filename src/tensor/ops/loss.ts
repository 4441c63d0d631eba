/** Cross-entropy, on logits or straight from the layer before them. */
import { type Indices, indicesOf } from '../create.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { unitStorage } from '../unit.js';
import {
  checkFloat,
  checkNumber,
  checkObject,
  checkOptions,
  checkRange,
  checkTargets,
} from './check.js';
import { linearCrossEntropyInParts } from './class-parts.js';
import type { ClassParts } from './class-work.js';
import {
  badTarget,
  checkClassParts,
  checkFused,
  saveGradients,
  scaledGradients,
} from './fused-loss.js';
import { product } from './product.js';

/** As in PyTorch's `cross_entropy`. */
export interface CrossEntropyOptions {
  /** Share of the target's probability that is spread over all classes. Default: 0. Szegedy et al. 2016, §7. */
  labelSmoothing?: number;
  /** Targets of this value are ignored. Default: −100. */
  ignoreIndex?: number;
}

interface Settings {
  smoothing: number;
  ignoreIndex: number;
}

function settingsOf(operation: string, options: CrossEntropyOptions): Settings {
  const { labelSmoothing = 0, ignoreIndex = -100 } = checkOptions(operation, options, [
    'labelSmoothing',
    'ignoreIndex',
  ]);
  checkRange(operation, 'labelSmoothing', labelSmoothing, 0, 1);
  checkNumber(operation, ignoreIndex, 'int32');
  return { smoothing: labelSmoothing, ignoreIndex };
}

/** loss = mean over rows of −log softmax(x)[target]; dx = (softmax(x) − [j = target]) / count. */
const crossEntropyOperation: Operation<readonly [Tensor, Tensor], Settings> = {
  name: 'crossEntropy',
  forward(context, [logits, targets], { smoothing, ignoreIndex }) {
    checkTargets('crossEntropy', logits, targets);
    const cols = logits.size(-1);
    const rows = targets.numel;
    const losses = logits.empty([rows]);
    const lse = logits.empty([rows, 2]); // maximum, log Σ exp(x − maximum)
    const result = logits.empty([2]); // mean loss, count
    const bad = logits.backend.crossEntropy(
      losses.pointer,
      lse.pointer,
      logits.pointer,
      cols,
      targets.pointer,
      rows,
      cols,
      smoothing,
      ignoreIndex,
    );
    if (bad >= 0) throw badTarget('crossEntropy', targets, bad, cols);
    logits.backend.meanLoss(result.pointer, losses.pointer, targets.pointer, rows, ignoreIndex);
    context.save(lse, result);
    return result.alias([]);
  },
  backward({ inputs: [logits, targets], tensors: [lse, result] }, dy, settings) {
    const cols = logits.size(-1);
    const dlogits = logits.empty(logits.shape);
    logits.backend.crossEntropyBackward(
      dlogits.pointer,
      logits.pointer,
      cols,
      lse.pointer,
      targets.pointer,
      targets.numel,
      cols,
      0,
      cols,
      settings.smoothing,
      settings.ignoreIndex,
      dy.pointer,
      result.alias([], 1).pointer,
    );
    return [dlogits, null];
  },
};

/**
 * Mean cross-entropy of logits (…, V) against target classes (…), a tensor or an array, in nats; NaN when every target is
 * ignored. Either shape may be flat where the other is not: logits (B·T, V) with targets (B, T).
 *
 * @throws ShapeError naming the first target outside [0, V).
 */
export function crossEntropy(
  logits: Tensor,
  targets: Indices,
  options: CrossEntropyOptions = {},
): Tensor {
  const name = 'crossEntropy';
  checkFloat(name, logits);
  const classes = indicesOf(name, targets, logits.backend);
  return apply(crossEntropyOperation, [logits, classes], settingsOf(name, options));
}

/** For `linearCrossEntropy`. */
export interface LinearCrossEntropyOptions extends CrossEntropyOptions {
  /**
   * Maximum number of logits held at once (at least one row). Default: 8 Mi, which is 32 MiB, or as many as the
   * weight has numbers: its gradient is gone through once for each block.
   */
  maxLogits?: number;
  /** For training on several ranks: the classes in parts, all logits at once, no smoothing. Default: undefined. */
  classParts?: ClassParts | undefined;
}

type LinearSettings = Settings & { maxLogits: number };

/** The gradients that the fused forward computes as it goes; null where none is wanted. */
interface FusedGradients {
  dx: Tensor | null;
  dWeight: Tensor | null;
  dBias: Tensor | null;
}

/** Turns one block of logits, in place, into their gradients, and adds what follows from them. */
function differentiateBlock(
  logits: Tensor,
  block: { x: Tensor; targets: unknown; lse: unknown; rows: number; first: boolean },
  weight: Tensor,
  count: unknown,
  { dx, dWeight, dBias }: FusedGradients,
  { smoothing, ignoreIndex }: LinearSettings,
): void {
  const { backend } = weight;
  const [V, C] = weight.shape;
  const { x, targets, lse, rows, first } = block;
  backend.crossEntropyBackward(
    logits.pointer,
    logits.pointer,
    V,
    lse,
    targets,
    rows,
    V,
    0,
    V,
    smoothing,
    ignoreIndex,
    unitStorage(backend).pointer,
    count,
  );
  // (rows, V) · (V, C) → (rows, C)
  if (dx) product(dx, logits, weight, { m: rows, n: C, k: V });
  if (dWeight) {
    // (rows, V)ᵀ · (rows, C) → (V, C)
    product(dWeight, logits, x, { m: V, n: C, k: rows, transA: true, accumulate: !first });
  }
  if (dBias) {
    const sums = first ? dBias : dBias.empty(dBias.shape);
    backend.reduce('sum', sums.pointer, logits.pointer, 1, rows, V); // (rows, V) → (V)
    if (!first) {
      dBias.addScaled_(sums, 1);
      sums.dispose();
    }
  }
}

/**
 * The logits x · Wᵀ + b are computed, turned into their gradients and dropped a block of rows at a
 * time, so that (rows, V) never exists whole. The gradients are those of the mean loss itself, hence
 * known in the forward; the backward only scales them.
 */
const linearCrossEntropyOperation: Operation<readonly Tensor[], LinearSettings> = {
  name: 'linearCrossEntropy',
  reads: readsNone,
  forward(context, [x, weight, targets, bias], settings) {
    checkFused(x, weight, targets, bias);
    const { backend } = x;
    const [V, C] = weight.shape;
    const N = targets.numel;
    const { smoothing, ignoreIndex, maxLogits } = settings;
    const most = Math.max(1, Math.min(N, Math.floor(maxLogits / Math.max(1, V))));
    const rowsPerBlock = Math.ceil(N / Math.max(1, Math.ceil(N / most))) || 1; // even, none left over

    const losses = x.empty([N]);
    const lse = x.empty([N, 2]); // maximum, log Σ exp(x − maximum)
    const result = x.empty([2]); // mean loss, count
    const count = backend.offset(result.pointer, 1);
    // The gradients are divided by the count, so it is wanted before the losses are; the mean comes at the end.
    backend.meanLoss(result.pointer, losses.pointer, targets.pointer, N, ignoreIndex);

    const gradients: FusedGradients = {
      dx: context.needs(0) ? x.empty(x.shape) : null,
      dWeight: context.needs(1) ? weight.empty(weight.shape) : null,
      dBias: bias && context.needs(3) ? bias.empty(bias.shape) : null,
    };
    if (N === 0 || V === 0) for (const gradient of Object.values(gradients)) gradient?.fill_(0);
    const logits = x.empty([rowsPerBlock, V]);
    for (let row = 0; row < N; row += rowsPerBlock) {
      const rows = Math.min(rowsPerBlock, N - row);
      const block = {
        x: x.alias([rows, C], x.offset + row * C),
        targets: backend.offset(targets.pointer, row),
        lse: backend.offset(lse.pointer, 2 * row),
        rows,
        first: row === 0,
      };
      // (rows, C) · (V, C)ᵀ → (rows, V)
      product(logits, block.x, weight, { m: rows, n: V, k: C, transB: true, bias });
      const bad = backend.crossEntropy(
        backend.offset(losses.pointer, row),
        block.lse,
        logits.pointer,
        V,
        block.targets,
        rows,
        V,
        smoothing,
        ignoreIndex,
      );
      if (bad >= 0) throw badTarget('linearCrossEntropy', targets, row + bad, V);
      if (context.recording) {
        const { dx } = gradients;
        const blockGradients = { ...gradients, dx: dx?.alias([rows, C], row * C) ?? null };
        differentiateBlock(logits, block, weight, count, blockGradients, settings);
      }
    }
    logits.dispose();
    backend.meanLoss(result.pointer, losses.pointer, targets.pointer, N, ignoreIndex);
    losses.dispose();
    lse.dispose();
    const { dx, dWeight, dBias } = gradients;
    saveGradients(context, [dx, dWeight, null, dBias], result);
    return result.alias([]);
  },
  backward: scaledGradients,
};

/** How many logits are held at once unless somebody says otherwise. */
export function mostLogits(weight: Tensor): number {
  return Math.max(8 * 1024 * 1024, weight.numel);
}

/**
 * `crossEntropy(linear(x, weight, bias), targets)` without the logits: x (…, C), weight (V, C),
 * bias (V) or null, targets (…). Memory for the logits is bounded by `maxLogits`, whatever the number
 * of rows. Exact, gradients included.
 *
 * @throws ShapeError naming the first target outside [0, V).
 */
export function linearCrossEntropy(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  targets: Indices,
  options: LinearCrossEntropyOptions = {},
): Tensor {
  const name = 'linearCrossEntropy';
  checkFloat(name, weight);
  const { maxLogits = mostLogits(weight), classParts, ...others } = checkObject(name, options);
  checkRange(name, 'maxLogits', maxLogits, 1);
  const settings = settingsOf(name, others);
  checkFloat(name, x);
  const classes = indicesOf(name, targets, x.backend);
  const inputs = bias ? [x, weight, classes, bias] : [x, weight, classes];
  if (classParts) {
    checkClassParts(name, classParts, weight.shape[0], settings.smoothing);
    return apply(linearCrossEntropyInParts, inputs, { ...classParts, ...settings });
  }
  return apply(linearCrossEntropyOperation, inputs, { ...settings, maxLogits });
}
