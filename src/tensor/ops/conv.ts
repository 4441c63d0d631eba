/**
 * The causal convolution over time, as one matrix product for each tap of its kernel.
 *
 * Tap k looks s = (K − 1 − k) · dilation positions back: y[t] += W[k] · x[t − s] for every t ≥ s. With
 * time as the first dimension the rows of all t ≥ s lie together, over the whole batch, and so do those
 * that they look at: each tap is one product of (T − s) · B rows. Nothing is padded and no windows are
 * laid out, and what would be multiplied by the zeros before the block is not computed.
 *
 * The weight is (kernel, out, in / groups), so that each tap is a matrix as it lies in memory. PyTorch's
 * (out, in / groups, kernel) would have to be laid out anew in every step, which for the few rows of a
 * small batch costs as much as the product. `permute(2, 0, 1)` of PyTorch's weight is this one.
 */
import { describeValue } from '../../util/describe.js';
import { ShapeError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import type { InputGradient } from '../gradient.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkOptions } from './check.js';
import { product } from './product.js';
import { gather, permuted } from './strided.js';

/** As in PyTorch's `conv1d`. */
export interface Conv1dOptions {
  /** Positions between the taps of the kernel. Default: 1. */
  dilation?: number;
  /** Number of groups the channels are divided into, each seen by its own outputs only. Default: 1. */
  groups?: number;
}

type Settings = Required<Conv1dOptions>;

function check(x: Tensor, weight: Tensor, bias: Tensor | undefined, settings: Settings): void {
  for (const tensor of bias ? [x, weight, bias] : [x, weight]) checkFloat('conv1d', tensor);
  const { dilation, groups } = settings;
  for (const [name, value] of Object.entries({ dilation, groups })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ShapeError('conv1d', `expected ${name} of at least 1, got ${describeValue(value)}`);
    }
  }
  const fits =
    x.ndim === 3 &&
    weight.ndim === 3 &&
    weight.shape[0] >= 1 &&
    weight.shape[1] % groups === 0 &&
    weight.shape[2] * groups === x.shape[2];
  if (!fits) {
    throw new ShapeError(
      'conv1d',
      `expected x (B, T, in) and weight (kernel, out, in / groups) with groups ${groups}, got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== weight.shape[1])) {
    throw new ShapeError(
      'conv1d',
      `expected bias (${weight.shape[1]}), got ${formatShape(bias.shape)}`,
    );
  }
}

function sizesOf(x: Tensor, weight: Tensor, groups: number) {
  const [B, T, inSize] = x.shape;
  const [kernel, outSize, groupIn] = weight.shape;
  return { B, T, inSize, kernel, outSize, groupIn, groupOut: outSize / groups };
}

/** (B, T, C) → (T, B, C), and the same back again. A copy of rows, unless one of the two is 1. */
function timeFirst(x: Tensor): Tensor {
  const [first, second, C] = x.shape;
  return first === 1 || second === 1
    ? x.alias([second, first, C])
    : permuted('conv1d', x, [1, 0, 2]);
}

interface Tap {
  /** W[k]: (out, in / groups). */
  readonly matrix: Tensor;
  /** How many positions back it looks. */
  readonly shift: number;
}

/** The taps that see anything of a block of T positions, the one that looks 0 back first. */
function* tapsOf(weight: Tensor, dilation: number, T: number): Generator<Tap> {
  const [kernel, outSize, groupIn] = weight.shape;
  for (let back = 0; back < kernel && back * dilation < T; back++) {
    const at = weight.offset + (kernel - 1 - back) * outSize * groupIn;
    yield { matrix: weight.alias([outSize, groupIn], at), shift: back * dilation };
  }
}

/** (T, B, C) from position `t` on. */
function from(x: Tensor, t: number): Tensor {
  const [T, B, C] = x.shape;
  return x.alias([T - t, B, C], x.offset + t * B * C);
}

const conv1dOperation: Operation<readonly Tensor[], Settings> = {
  name: 'conv1d',
  reads: (context, i) => i < 2 && context.needs(1 - i),
  forward(_context, [x, weight, bias], settings) {
    check(x, weight, bias, settings);
    const { dilation, groups } = settings;
    const { B, T, inSize, outSize, groupIn, groupOut } = sizesOf(x, weight, groups);
    const past = timeFirst(x); // (B, T, in) → (T, B, in)
    // A product adds the same bias in every group: of several, the biases are laid out beforehand.
    const spread = bias !== undefined && groups > 1;
    const y = spread
      ? gather('conv1d', bias, [T, B, outSize], [0, 0, 1])
      : x.empty([T, B, outSize]);
    for (const { matrix, shift } of tapsOf(weight, dilation, T)) {
      // (T − s, B, in) · (out, in)ᵀ → (T − s, B, out)
      product(from(y, shift), past, matrix, {
        m: (T - shift) * B,
        n: groupOut,
        k: groupIn,
        transB: true,
        lda: inSize,
        ldo: outSize,
        bias: shift === 0 && !spread ? bias : undefined,
        accumulate: shift > 0 || spread,
        batch: groups,
        strideA: groupIn,
        strideB: groupOut * groupIn,
        strideOut: groupOut,
      });
    }
    const result = timeFirst(y); // (T, B, out) → (B, T, out)
    // What was laid out anew would otherwise last as long as the step does.
    if (past.storage !== x.storage) past.dispose();
    if (result.storage !== y.storage) y.dispose();
    return result;
  },
  backward(context, dy, { dilation, groups }): readonly InputGradient[] {
    const [x, weight, bias] = context.inputs;
    const { B, T, inSize, outSize, groupIn, groupOut } = sizesOf(x, weight, groups);
    const future = timeFirst(dy); // (B, T, out) → (T, B, out)
    let dx: Tensor | null = null;
    let dWeight: Tensor | null = null;
    let dBias: Tensor | null = null;
    if (context.needs(0)) {
      dx = x.empty([T, B, inSize]);
      for (const { matrix, shift } of tapsOf(weight, dilation, T)) {
        // (T − s, B, out) · (out, in) → (T − s, B, in)
        product(dx, from(future, shift), matrix, {
          m: (T - shift) * B,
          n: groupIn,
          k: groupOut,
          lda: outSize,
          ldo: inSize,
          accumulate: shift > 0,
          batch: groups,
          strideA: groupOut,
          strideB: groupOut * groupIn,
          strideOut: groupIn,
        });
      }
      dx = timeFirst(dx); // (T, B, in) → (B, T, in)
    }
    if (context.needs(1)) {
      const past = timeFirst(x); // once more: keeping it would cost memory until here
      dWeight = weight.empty(weight.shape);
      let seen = 0;
      for (const { matrix, shift } of tapsOf(dWeight, dilation, T)) {
        // (T − s, B, out)ᵀ · (T − s, B, in) → (out, in)
        product(matrix, from(future, shift), past, {
          m: groupOut,
          n: groupIn,
          k: (T - shift) * B,
          transA: true,
          lda: outSize,
          ldb: inSize,
          batch: groups,
          strideA: groupOut,
          strideB: groupIn,
          strideOut: groupOut * groupIn,
        });
        seen++;
      }
      const unseen = weight.shape[0] - seen;
      dWeight.alias([unseen, outSize, groupIn]).fill_(0); // taps that look back before the block
    }
    if (bias && context.needs(2)) {
      dBias = bias.empty(bias.shape); // (B, T, out) → (out)
      dy.backend.reduce('sum', dBias.pointer, dy.pointer, 1, B * T, outSize);
    }
    return [dx, dWeight, dBias];
  },
};

/**
 * A causal convolution over time: x (B, T, in), weight (kernel, out, in / groups), bias (out) or null →
 * (B, T, out), `y[t] = bias + Σₖ W[k] · x[t − (kernel − 1 − k) · dilation]`, where there is nothing before
 * the block. PyTorch's `conv1d` after padding (kernel − 1) · dilation zeros on the left; its weight is
 * (out, in / groups, kernel), and `permute(2, 0, 1)` makes it this one.
 *
 * @throws ShapeError for shapes that do not belong together, channels that the groups do not divide.
 */
export function conv1d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options: Conv1dOptions = {},
): Tensor {
  const { dilation = 1, groups = 1 } = checkOptions('conv1d', options, ['dilation', 'groups']);
  return apply(conv1dOperation, bias ? [x, weight, bias] : [x, weight], { dilation, groups });
}
