/**
 * Filling tensors with their first values, as PyTorch's `torch.nn.init`: in place, off the tape, and
 * returning the tensor. Random values come from `defaultRandom` unless a source is given.
 */
import type { RandomSource, Tensor } from '../tensor/index.js';
import { checkFloat, checkSource, checkTensor } from '../tensor/internal.js';
import { checkFinite, checkOptions, checkRange } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { ShapeError, UsageError, UserError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import { formatShape, numel } from '../util/shape.js';
import { orthogonalize } from './orthogonal.js';
import { truncatedNormalInto } from './truncated-normal.js';

/** What comes after the layer, which decides how much its weights have to amplify. */
export type Nonlinearity = 'linear' | 'conv' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu';

export interface RandomOptions {
  /** Where the numbers come from. Default `defaultRandom`. */
  random?: RandomSource;
}

// ── Plain distributions ─────────────────────────────────────────────────────────────────────────

/** Uniform over [low, high), by default [0, 1). */
export function uniform(
  tensor: Tensor,
  options: { low?: number; high?: number } & RandomOptions = {},
): Tensor {
  checkFloat('uniform', tensor);
  const { low = 0, high = 1 } = checkOptions('uniform', options, ['low', 'high', 'random']);
  checkBounds('uniform', low, high);
  const random = checkSource('uniform', options.random);
  const count = tensor.numel;
  tensor.changeInPlace('init.uniform');
  tensor.backend.uniform(tensor.pointer, count, low, high, random.take(count));
  return tensor;
}

/** Normal, by default with mean 0 and standard deviation 1. */
export function normal(
  tensor: Tensor,
  options: { mean?: number; std?: number } & RandomOptions = {},
): Tensor {
  checkFloat('normal', tensor);
  const { mean = 0, std = 1 } = checkOptions('normal', options, ['mean', 'std', 'random']);
  checkRange('normal', 'mean', mean);
  checkStd('normal', std);
  const random = checkSource('normal', options.random);
  const count = tensor.numel;
  tensor.changeInPlace('init.normal');
  tensor.backend.normal(tensor.pointer, count, mean, std, random.take(count));
  return tensor;
}

/**
 * Normal, conditioned on lying in [low, high]: by default N(0, 1) within ±2. The bounds are values, not
 * multiples of `std`, as in PyTorch.
 */
export function truncatedNormal(
  tensor: Tensor,
  options: { mean?: number; std?: number; low?: number; high?: number } & RandomOptions = {},
): Tensor {
  checkFloat('truncatedNormal', tensor);
  const {
    mean = 0,
    std = 1,
    low = -2,
    high = 2,
  } = checkOptions('truncatedNormal', options, ['mean', 'std', 'low', 'high', 'random']);
  checkFinite('truncatedNormal', 'mean', mean);
  checkStd('truncatedNormal', std);
  checkBounds('truncatedNormal', low, high);
  const random = checkSource('truncatedNormal', options.random);
  return truncatedNormalInto(tensor, { mean, std, low, high, random });
}

/** Every element `value`. */
export function constant(tensor: Tensor, value: number): Tensor {
  checkTensor('constant', tensor);
  return tensor.fill_(value);
}

export function zeros(tensor: Tensor): Tensor {
  checkTensor('zeros', tensor);
  return tensor.fill_(0);
}

export function ones(tensor: Tensor): Tensor {
  checkTensor('ones', tensor);
  return tensor.fill_(1);
}

// ── Scaled to the layer ─────────────────────────────────────────────────────────────────────────

const GAINS: Readonly<Record<Nonlinearity, (parameter: number) => number>> = {
  linear: () => 1,
  conv: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope * slope)),
  selu: () => 3 / 4,
};

/**
 * By how much a layer's weights have to amplify so that what follows the nonlinearity keeps its
 * variance: PyTorch's `calculate_gain`. 5/3 for tanh is an empirical figure; 3/4 for selu keeps it
 * self-normalising.
 *
 * @param parameter the negative slope of leakyRelu. Default 0.01.
 * @throws UsageError for an unknown nonlinearity, naming the nearest.
 */
export function calculateGain(nonlinearity: Nonlinearity, parameter = 0.01): number {
  if (typeof nonlinearity !== 'string' || !Object.hasOwn(GAINS, nonlinearity)) {
    const hint = nearestHint(nonlinearity, Object.keys(GAINS));
    throw new UsageError(
      `calculateGain: unknown nonlinearity ${describeValue(nonlinearity)}.${hint}`,
    );
  }
  checkRange('calculateGain', 'the slope', parameter);
  return GAINS[nonlinearity](parameter);
}

/**
 * How many inputs each output of a weight is summed from, and how many outputs each input goes to, for
 * a weight (out, in, …kernel).
 *
 * @throws ShapeError when it has fewer than two dimensions.
 */
export function calculateFans(tensor: Tensor): { fanIn: number; fanOut: number } {
  checkTensor('init', tensor);
  if (tensor.ndim < 2) {
    throw new ShapeError(
      'init',
      `fan in and fan out need a weight (out, in, …) of at least two dimensions, got ${formatShape(tensor.shape)}`,
    );
  }
  const [outSize, inSize, ...kernel] = tensor.shape;
  return { fanIn: inSize * numel(kernel), fanOut: outSize * numel(kernel) };
}

export interface KaimingOptions extends RandomOptions {
  /** Negative slope of the leakyRelu that follows. Default 0. */
  a?: number;
  /** `fanIn` keeps the variance of the forward pass (the default), `fanOut` that of the backward. */
  mode?: 'fanIn' | 'fanOut';
  /** What follows the layer. Default `leakyRelu`, with the slope `a`. */
  nonlinearity?: Nonlinearity;
}

/** gain / √fan */
function kaimingStd(tensor: Tensor, options: KaimingOptions): number {
  const {
    a = 0,
    mode = 'fanIn',
    nonlinearity = 'leakyRelu',
  } = checkOptions('init', options, ['a', 'mode', 'nonlinearity', 'random']);
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    throw new UsageError(`init: expected mode 'fanIn' or 'fanOut', got ${describeValue(mode)}`);
  }
  return calculateGain(nonlinearity, a) / Math.sqrt(calculateFans(tensor)[mode]);
}

/**
 * U(±√3 · gain / √fan). He et al. 2015, "Delving deep into rectifiers", section 2.2.
 *
 * @throws ShapeError for fewer than two dimensions; UsageError for an unknown nonlinearity or mode.
 */
export function kaimingUniform(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd(tensor, options); // U(±b) has the standard deviation b / √3
  return symmetric(tensor, bound, options);
}

/** N(0, gain / √fan). He et al. 2015, section 2.2. Throws as `kaimingUniform`. */
export function kaimingNormal(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  return centred(tensor, kaimingStd(tensor, options), options);
}

export interface XavierOptions extends RandomOptions {
  /** Default 1; see `calculateGain`. */
  gain?: number;
}

/** gain · √(2 / (fanIn + fanOut)) */
function xavierStd(tensor: Tensor, options: XavierOptions): number {
  const { gain = 1 } = checkOptions('init', options, ['gain', 'random']);
  checkFinite('init', 'gain', gain, 0);
  const { fanIn, fanOut } = calculateFans(tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * U(±gain · √(6 / (fanIn + fanOut))). Glorot & Bengio 2010, "Understanding the difficulty of training
 * deep feedforward neural networks", equation 16.
 *
 * @throws ShapeError for fewer than two dimensions.
 */
export function xavierUniform(tensor: Tensor, options: XavierOptions = {}): Tensor {
  return symmetric(tensor, Math.sqrt(3) * xavierStd(tensor, options), options);
}

/** N(0, gain · √(2 / (fanIn + fanOut))). Glorot & Bengio 2010, equation 12. Throws as `xavierUniform`. */
export function xavierNormal(tensor: Tensor, options: XavierOptions = {}): Tensor {
  return centred(tensor, xavierStd(tensor, options), options);
}

/** An empty tensor has no fan to divide by, and nothing to fill. */
function symmetric(tensor: Tensor, bound: number, { random }: RandomOptions): Tensor {
  return tensor.numel === 0 ? tensor : uniform(tensor, { low: -bound, high: bound, random });
}

function centred(tensor: Tensor, std: number, { random }: RandomOptions): Tensor {
  return tensor.numel === 0 ? tensor : normal(tensor, { std, random });
}

/**
 * A random orthogonal matrix times `gain`, uniformly distributed: the Q of a Gaussian matrix's QR
 * decomposition, with R's diagonal positive. A tensor of more dimensions counts as (first, rest); a wide
 * matrix has orthonormal rows, a tall one orthonormal columns. Saxe et al. 2014, "Exact solutions to the
 * nonlinear dynamics of learning in deep linear neural networks".
 *
 * @throws ShapeError for fewer than two dimensions.
 */
export function orthogonal(
  tensor: Tensor,
  options: { gain?: number } & RandomOptions = {},
): Tensor {
  checkFloat('orthogonal', tensor);
  const { gain = 1, random } = checkOptions('orthogonal', options, ['gain', 'random']);
  checkRange('orthogonal', 'gain', gain);
  if (tensor.ndim < 2) {
    throw new ShapeError(
      'orthogonal',
      `expected at least two dimensions, got ${formatShape(tensor.shape)}`,
    );
  }
  if (tensor.numel === 0) return tensor;
  normal(tensor, { random });
  const rows = tensor.shape[0];
  orthogonalize(tensor.alias([rows, tensor.numel / rows]));
  return tensor.scale_(gain);
}

function checkStd(name: string, std: number): void {
  if (Number.isFinite(std) && std >= 0) return;
  throw new UserError(
    `${name}: expected a standard deviation of at least 0, got ${describeValue(std)}`,
  );
}

function checkBounds(name: string, low: number, high: number): void {
  if (typeof low === 'number' && typeof high === 'number' && low <= high) return;
  throw new UserError(
    `${name}: expected low ≤ high, got [${describeValue(low)}, ${describeValue(high)}]`,
  );
}
