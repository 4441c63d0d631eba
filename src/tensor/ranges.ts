/** Tensors of regular numbers, of whole random ones, and such as are like others. */
import type { DType } from '../backend/backend.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import type { Shape } from '../util/shape.js';
import {
  make,
  type NormalOptions,
  type RandomOptions,
  rand,
  randn,
  type UniformOptions,
  withBackend,
} from './create.js';
import { checkNumber, checkOptions, checkRange, checkTensor, checkWhole } from './ops/check.js';
import { checkSource } from './random.js';
import type { Tensor } from './tensor.js';

/** `arange(end)`, `arange(start, end)`, `arange(start, end, step)`, and then a dtype or nothing. */
type RangeArguments =
  | readonly [...([number] | [number, number] | [number, number, number])]
  | readonly [...([number] | [number, number] | [number, number, number]), DType];

/**
 * start, start + step, … before end; by default from 0 in steps of 1. Default dtype: int32 when all numbers
 * are whole, else float32.
 */
export function arange(...given: RangeArguments): Tensor {
  const last = given[given.length - 1];
  const named = typeof last === 'string' ? last : undefined;
  const numbers = (named === undefined ? given : given.slice(0, -1)) as readonly number[];
  for (const value of numbers) checkRange('arange', 'each number', value);
  const [start, end, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
  const length = Math.ceil((end - start) / step);
  if (!(length >= 0 && Number.isSafeInteger(length))) {
    throw new UserError(
      `arange: expected a step that leads from start to end, got start ${start}, end ${end} and step ${step}`,
    );
  }
  const dtype = named ?? (numbers.every(Number.isInteger) ? 'int32' : 'float32');
  const out = make('arange', [length], dtype); // first, for it says when there is no room
  return out.copy_(Float64Array.from({ length }, (_, i) => start + i * step));
}

/** `steps` numbers from start to end, both included, evenly spaced. */
export function linspace(start: number, end: number, steps: number): Tensor {
  checkRange('linspace', 'start', start);
  checkRange('linspace', 'end', end);
  checkWhole('linspace', 'steps', steps);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  // From whichever end is nearer, so that both are met exactly.
  const out = make('linspace', [steps], 'float32'); // first, for it says when there is no room
  const values = Float64Array.from({ length: steps }, (_, i) =>
    i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step,
  );
  return out.copy_(steps === 1 ? [start] : values);
}

/** 1 on the diagonal, 0 elsewhere: (rows, cols), square by default. */
export function eye(rows: number, cols = rows, dtype: DType = 'float32'): Tensor {
  checkWhole('eye', 'rows', rows);
  checkWhole('eye', 'cols', cols);
  const out = make('eye', [rows, cols], dtype); // first, for it says when there is no room
  const values = new Int32Array(rows * cols);
  for (let i = 0; i < Math.min(rows, cols); i++) values[i * cols + i] = 1;
  return out.copy_(values);
}

/** Of the shape of x, on its backend; of its dtype by default. */
function like(operation: string, x: Tensor, value: number, dtype?: DType): Tensor {
  checkTensor(operation, x);
  return withBackend(x.backend, () => make(operation, x.shape, dtype ?? x.dtype)).fill_(value);
}

/** 0 everywhere, in the shape and (by default) dtype of x. */
export function zerosLike(x: Tensor, dtype?: DType): Tensor {
  return like('zerosLike', x, 0, dtype);
}

/** 1 everywhere, in the shape and (by default) dtype of x. */
export function onesLike(x: Tensor, dtype?: DType): Tensor {
  return like('onesLike', x, 1, dtype);
}

/** `value` everywhere, in the shape and (by default) dtype of x. */
export function fullLike(x: Tensor, value: number, dtype?: DType): Tensor {
  checkTensor('fullLike', x);
  checkNumber('fullLike', value, dtype ?? x.dtype);
  return like('fullLike', x, value, dtype);
}

/** Uniform, in the shape of x. */
export function randLike(x: Tensor, options: UniformOptions = {}): Tensor {
  checkTensor('randLike', x);
  return withBackend(x.backend, () => rand(x.shape, options));
}

/** Normal, in the shape of x. */
export function randnLike(x: Tensor, options: NormalOptions = {}): Tensor {
  checkTensor('randnLike', x);
  return withBackend(x.backend, () => randn(x.shape, options));
}

/** A uniform number has so many bits. */
const UNIFORM_BITS = 24;

/**
 * Whole numbers from low to high − 1, each as likely: `randint(10, [2, 3])`, `randint(5, 10, [2, 3])`.
 * int32. Of each, 48 random bits are scaled to the range.
 */
export function randint(high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(
  ...given:
    | readonly [number, Shape, RandomOptions?]
    | readonly [number, number, Shape, RandomOptions?]
): Tensor {
  const [low, high, shape, options = {}] = (
    typeof given[1] === 'number' ? given : [0, ...given]
  ) as readonly [number, number, Shape, RandomOptions?];
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high) {
    throw new UserError(
      `randint: expected whole numbers low < high, got ${describeValue(low)} and ${describeValue(high)}`,
    );
  }
  const out = make('randint', shape, 'int32');
  const random = checkSource('randint', checkOptions('randint', options, ['random']).random);
  const unit = rand([2, out.numel], { random });
  const bits = unit.dataSync();
  unit.dispose();
  const values = Float64Array.from({ length: out.numel }, (_, i) => {
    const fraction = bits[i] + bits[out.numel + i] * 2 ** -UNIFORM_BITS;
    return low + Math.floor(fraction * (high - low));
  });
  return out.copy_(values);
}
