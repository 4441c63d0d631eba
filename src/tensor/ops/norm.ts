/** Normalisation over the last dimension (layer, RMS), and over all others (batch). */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import type { InputGradient } from '../gradient.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkObject, checkOptions, checkRange } from './check.js';

/**
 * y = x̂ · weight + bias, x̂ = (x − mean) · rstd by rows (the mean 0 unless `centred`); with g = dy · weight,
 * dx = rstd (g − mean g − x̂ · mean(g x̂)), dweight = Σ dy·x̂, dbias = Σ dy.
 */
function rowNorm(name: string, centred: boolean): Operation<readonly Tensor[], { eps: number }> {
  return {
    name,
    reads: (_context, i) => i < 2,
    forward(context, [x, weight, bias], { eps }) {
      const cols = checkChannels(name, x, weight, bias);
      const rows = x.numel / cols;
      const y = x.empty(x.shape);
      const rstd = x.empty([rows]);
      const mean = centred ? x.empty([rows]) : rstd; // any pointer does where it is not used
      x.backend.layerNorm(
        ...([y.pointer, mean.pointer, rstd.pointer, x.pointer] as const),
        ...([weight?.pointer ?? null, bias?.pointer ?? null, rows, cols, eps, centred] as const),
      );
      context.save(mean, rstd);
      return y;
    },
    backward(context, dy): readonly InputGradient[] {
      const [x, weight] = context.inputs;
      const [mean, rstd] = context.tensors;
      const cols = x.size(-1);
      const [dx, dWeight, dBias] = wanted(context);
      x.backend.layerNormBackward(
        ...([dx?.pointer ?? null, dWeight?.pointer ?? null, dBias?.pointer ?? null] as const),
        ...([dy.pointer, x.pointer, mean.pointer, rstd.pointer, weight?.pointer ?? null] as const),
        ...([x.numel / cols, cols, centred] as const),
      );
      return [dx, dWeight, dBias].slice(0, context.inputs.length);
    },
  };
}

const layerNormOperation = rowNorm('layerNorm', true);
const rmsNormOperation = rowNorm('rmsNorm', false);

/** Room for the gradients that are asked for, of x, weight and bias. */
function wanted(context: { inputs: readonly Tensor[]; needs(i: number): boolean }) {
  return [0, 1, 2].map((i) =>
    i < context.inputs.length && context.needs(i)
      ? context.inputs[i].empty(context.inputs[i].shape)
      : null,
  );
}

/** The size of the last dimension, which weight and bias must have. */
function checkChannels(name: string, x: Tensor, ...affine: (Tensor | undefined)[]): number {
  checkFloat(name, x);
  const channels = x.ndim === 0 ? 0 : x.size(-1);
  if (channels === 0) {
    throw new ShapeError(name, `expected x (…, C) with C above 0, got ${formatShape(x.shape)}`);
  }
  for (const tensor of affine) {
    if (!tensor) continue;
    checkFloat(name, tensor);
    if (tensor.ndim !== 1 || tensor.shape[0] !== channels) {
      throw new ShapeError(
        name,
        `expected weight and bias (${channels}) for x ${formatShape(x.shape)}, got ${formatShape(tensor.shape)}`,
      );
    }
  }
  return channels;
}

function checkEps(name: string, eps: number): void {
  checkRange(name, 'eps', eps, 0, Number.MAX_VALUE);
}

/** Weight and bias as an operation's inputs. */
function affineInputs(
  name: string,
  x: Tensor,
  weight: Tensor | null | undefined,
  bias: Tensor | null | undefined,
): Tensor[] {
  if (bias && !weight)
    throw new UserError(`${name}: expected a weight beside the bias, got a bias alone`);
  return [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])];
}

/**
 * x (…, C) → (…, C): every vector of C less its mean, over its standard deviation (√(variance + eps)),
 * times weight (C) and plus bias (C) where given. Ba, Kiros & Hinton 2016, "Layer normalization".
 *
 * @param eps default 1e-5, as PyTorch's.
 */
export function layerNorm(
  x: Tensor,
  weight?: Tensor | null,
  bias?: Tensor | null,
  eps = 1e-5,
): Tensor {
  const name = 'layerNorm';
  checkEps(name, eps);
  return apply(layerNormOperation, affineInputs(name, x, weight, bias), { eps });
}

/**
 * x (…, C) → (…, C): every vector of C over its root mean square (√(mean x² + eps)), times weight (C)
 * where given. Zhang & Sennrich 2019, "Root mean square layer normalization".
 *
 * @param eps default 1e-5, as Llama's.
 */
export function rmsNorm(x: Tensor, weight?: Tensor | null, eps = 1e-5): Tensor {
  const name = 'rmsNorm';
  checkEps(name, eps);
  return apply(rmsNormOperation, affineInputs(name, x, weight, null), { eps });
}

/** Mean and variance (parts, C) or (C): float32, no part of the tape. */
export interface BatchStatistics {
  readonly mean: Tensor;
  /** Divided by the number of samples. */
  readonly variance: Tensor;
}

interface BatchOptions extends BatchStatistics {
  eps: number;
  parts: number;
  given: boolean;
}

/**
 * As `layerNorm`, but that mean and variance are those of a channel over all rows of a part. Where they
 * are given, nothing comes back through them: dx = weight · rstd · dy.
 */
const columnNorm: Operation<readonly Tensor[], BatchOptions> = {
  name: 'batchNorm',
  reads: (_context, i) => i < 2,
  forward(context, [x, weight, bias], { mean, variance, eps, parts, given }) {
    const channels = x.size(-1);
    const y = x.empty(x.shape);
    x.backend.batchNorm(
      ...([y.pointer, mean.pointer, variance.pointer, x.pointer] as const),
      ...([weight?.pointer ?? null, bias?.pointer ?? null] as const),
      ...([parts, x.numel / channels / parts, channels, eps, given] as const),
    );
    context.save(mean, variance);
    return y;
  },
  backward(context, dy, { mean, variance, eps, parts, given }): readonly InputGradient[] {
    const [x, weight] = context.inputs;
    const channels = x.size(-1);
    const [dx, dWeight, dBias] = wanted(context);
    x.backend.batchNormBackward(
      ...([dx?.pointer ?? null, dWeight?.pointer ?? null, dBias?.pointer ?? null] as const),
      ...([dy.pointer, x.pointer, mean.pointer, variance.pointer] as const),
      ...([weight?.pointer ?? null, parts, x.numel / channels / parts, channels] as const),
      ...([eps, given] as const),
    );
    return [dx, dWeight, dBias].slice(0, context.inputs.length);
  },
};

export interface BatchNormOptions {
  /** (C). Default: 1. */
  weight?: Tensor | null;
  /** (C), beside a weight. Default: 0. */
  bias?: Tensor | null;
  /** Default 1e-5, as PyTorch's. */
  eps?: number;
  /** Equal parts that the rows of x are cut into, each with statistics of its own. Default 1. */
  parts?: number;
  /** Normalises by these (C) in place of the batch's own; they get no gradient. */
  statistics?: BatchStatistics;
}

/**
 * x (…, C) → y (…, C): every channel less its mean over all other dimensions, over its standard
 * deviation, times weight and plus bias where given; and the statistics that were used: (parts, C), or
 * those given. Ioffe & Szegedy 2015, "Batch normalization".
 *
 * @throws ShapeError when there are no rows to take statistics of, or they do not divide into parts.
 */
export function batchNorm(
  x: Tensor,
  options: BatchNormOptions = {},
): { y: Tensor } & BatchStatistics {
  const name = 'batchNorm';
  const {
    weight,
    bias,
    eps = 1e-5,
    parts = 1,
    statistics,
  } = checkOptions(name, options, ['weight', 'bias', 'eps', 'parts', 'statistics']);
  checkEps(name, eps);
  const inputs = affineInputs(name, x, weight, bias);
  const channels = checkChannels(name, x, ...inputs.slice(1));
  const rows = x.numel / channels;
  if (statistics) checkStatistics(x, statistics, channels);
  if (!(Number.isSafeInteger(parts) && parts >= 1 && (parts === 1 || rows % parts === 0))) {
    throw new ShapeError(name, `expected ${describeValue(parts)} equal parts of ${rows} rows`);
  }
  if (!statistics && rows === 0) {
    throw new ShapeError(name, `expected rows to take statistics of, got ${formatShape(x.shape)}`);
  }
  const given = statistics !== undefined;
  const mean = statistics?.mean ?? x.empty([parts, channels]);
  const variance = statistics?.variance ?? x.empty([parts, channels]);
  const cut = given ? 1 : parts;
  const y = apply(columnNorm, inputs, { mean, variance, eps, parts: cut, given });
  return { y, mean, variance };
}

function checkStatistics(x: Tensor, statistics: BatchStatistics, channels: number): void {
  const { mean, variance } = checkObject('batchNorm', statistics);
  for (const tensor of [mean, variance]) {
    checkFloat('batchNorm', tensor);
    if (tensor.ndim !== 1 || tensor.shape[0] !== channels || tensor.backend !== x.backend) {
      throw new ShapeError(
        'batchNorm',
        `expected mean and variance (${channels}) on ${x.backend.name}, got ${formatShape(tensor.shape)} on ${tensor.backend.name}`,
      );
    }
  }
}
