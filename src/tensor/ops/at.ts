/**
 * Indexing. `x.at(…)` takes one index for each dimension, as `x[…]` does in PyTorch:
 *
 * | PyTorch              | here                          | what it is                                     |
 * |----------------------|-------------------------------|------------------------------------------------|
 * | `x[0]`, `x[-1]`      | `x.at(0)`, `x.at(-1)`         | one entry; the dimension goes                  |
 * | `x[1:3]`, `x[:, -2:]`| `x.at('1:3')`, `x.at(':', '-2:')` | a range, its end left out                  |
 * | `x[::2]`             | `x.at('::2')`                 | every second one; steps are positive           |
 * | `x[..., 0]`          | `x.at('...', 0)`              | as many whole dimensions as are left           |
 * | `x[:, None]`         | `x.at(':', null)`             | a new dimension of size 1                      |
 * | `x[[2, 0, 2]]`, `x[ids]` | `x.at([2, 0, 2])`, `x.at(ids)` | ids: an array, or int32 of any shape       |
 * | `x[x > 0]`           | `x.at(x.gt(0))`               | a mask: bool, over as many dimensions as it has |
 * | `x[rows, cols] = 0`  | `x.setAt_(0, rows, cols)`     | the same places overwritten, off the tape      |
 *
 * Negative positions count from the end. Ids (and masks) in several dimensions stretch to a common shape
 * and are walked together; that shape takes their place where they are neighbours, else it comes first.
 * What is not named is whole.
 */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { broadcastShapes, formatShape, type Shape, stridesOf } from '../../util/shape.js';
import { isTensor } from '../copy.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { Operand } from './arguments.js';
import { add, mul } from './arithmetic.js';
import { scalarLike, to } from './cast.js';
import { checkOneBackend, checkTensor } from './check.js';
import { lt, where } from './compare.js';
import { expand, permute, reshape } from './move.js';
import { amax, amin } from './reduce.js';
import { gather, scatter } from './strided.js';
import { positionsWhere, takeAlong } from './take.js';

/** A range as Python writes it: `'1:4'`, `':'`, `'-2:'`, `'::2'`. */
export type Slice =
  | `${number | ''}:${number | ''}`
  | `${number | ''}:${number | ''}:${number | ''}`;

/** What `at` takes for a dimension: see there. */
export type Index = number | Slice | '...' | null | readonly number[] | readonly boolean[] | Tensor;

/** What is taken of a dimension: `length` entries, `step` apart. */
interface Range {
  start: number;
  step: number;
  length: number;
}

/** An index with ids, for `span` dimensions from `dim` on of what the ranges have left. */
interface Chosen {
  dim: number;
  span: number;
  ids: Tensor;
}

interface Plan {
  ranges: Range[];
  /** The shape once single entries are gone and new dimensions there. */
  shape: number[];
  chosen: Chosen[];
}

function rangeOf(text: string, size: number, dim: number): Range {
  const match = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/.exec(text);
  const step = Number(match?.[3] ?? 1);
  if (!match || step < 1) {
    throw new UserError(
      `at: expected a range like "1:4", ":", "-2:" or "::2" (steps of at least 1) for dimension ${dim}, got ${describeValue(text)}`,
    );
  }
  const place = (given: string | undefined, otherwise: number) => {
    if (given === undefined) return otherwise;
    const number = Number(given);
    return Math.min(Math.max(number < 0 ? number + size : number, 0), size);
  };
  const start = place(match[1], 0);
  const length = Math.max(0, Math.ceil((place(match[2], size) - start) / step));
  return { start, step, length };
}

function entryOf(index: number, size: number, dim: number): Range {
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new ShapeError(
      'at',
      `expected an index from ${-size} to ${size - 1} for dimension ${dim}, got ${index}`,
    );
  }
  return { start: index < 0 ? index + size : index, step: 1, length: 1 };
}

/** An array as a tensor: of booleans a mask, of numbers ids. */
function asTensor(x: Tensor, item: readonly (number | boolean)[]): Tensor {
  const isMask = item.length > 0 && item.every((each) => typeof each === 'boolean');
  return x
    .empty([item.length], isMask ? 'bool' : 'int32')
    .copy_(isMask ? item.map(Number) : (item as number[]));
}

/** Whether an item is of ids or a mask, once arrays are tensors. */
function checkItem(item: unknown): asserts item is number | Slice | '...' | null | Tensor {
  if (item === null || typeof item === 'number' || typeof item === 'string') return;
  if (isTensor(item) && item.dtype !== 'float32') return;
  throw new UserError(
    `at: expected a number, a range like "1:4", "...", null, ids (an array or int32) or a mask (bool), got ${describeValue(item)}`,
  );
}

function planOf(x: Tensor, index: readonly Index[]): Plan {
  const items = index.map((item) => (Array.isArray(item) ? asTensor(x, item) : item)) as unknown[];
  let named = 0;
  for (const item of items) {
    checkItem(item);
    if (isTensor(item) && item.dtype === 'bool') named += item.ndim;
    else if (item !== null && item !== '...') named++;
  }
  const rests = items.filter((item) => item === '...').length;
  if (named > x.ndim || rests > 1) {
    throw new ShapeError(
      'at',
      rests > 1
        ? 'expected "..." once'
        : `expected at most ${x.ndim} indices for ${formatShape(x.shape)}, got ${named}`,
    );
  }
  if (rests === 0) items.push('...');
  const plan: Plan = { ranges: [], shape: [], chosen: [] };
  for (const item of items as (number | Slice | '...' | null | Tensor)[]) {
    addItem(plan, x, item, x.ndim - named);
  }
  return plan;
}

/** Adds what one item says of the next dimensions. `rest`: how many "..." stands for. */
function addItem(
  { ranges, shape, chosen }: Plan,
  x: Tensor,
  item: number | Slice | '...' | null | Tensor,
  rest: number,
): void {
  const dim = ranges.length;
  const whole = (count: number) => {
    for (const size of x.shape.slice(dim, dim + count)) {
      ranges.push({ start: 0, step: 1, length: size });
      shape.push(size);
    }
  };
  if (item === null) {
    shape.push(1);
  } else if (item === '...') {
    whole(rest);
  } else if (typeof item === 'number') {
    ranges.push(entryOf(item, x.shape[dim], dim));
  } else if (typeof item === 'string') {
    const range = rangeOf(item, x.shape[dim], dim);
    ranges.push(range);
    shape.push(range.length);
  } else {
    const span = item.dtype === 'bool' ? item.ndim : 1;
    chosen.push({ dim: shape.length, span, ids: idsOf(item, x.shape.slice(dim, dim + span), dim) });
    whole(span);
  }
}

/** Ids from 0 on, into the dimensions of `sizes` as if they were one. */
function idsOf(item: Tensor, sizes: Shape, dim: number): Tensor {
  if (item.dtype === 'bool') {
    if (formatShape(item.shape) !== formatShape(sizes)) {
      throw new ShapeError(
        'at',
        `expected a mask of ${formatShape(sizes)} from dimension ${dim} on, got ${formatShape(item.shape)}`,
      );
    }
    const places = positionsWhere('at', item);
    return item.empty([places.length], 'int32').copy_(places);
  }
  const [size] = sizes;
  if (item.numel === 0) return item;
  const [least, greatest] = [amin(item).itemSync(), amax(item).itemSync()];
  if (least < -size || greatest >= size) {
    throw new ShapeError(
      'at',
      `expected indices from ${-size} to ${size - 1} for dimension ${dim}, got ${least < -size ? least : greatest}`,
    );
  }
  return least < 0 ? where(lt(item, 0), add(item, size), item) : item;
}

/** y = x at a range of each dimension. Of leading rows that lie together no copy is needed. */
const sliceOperation: Operation<readonly [Tensor], readonly Range[]> = {
  name: 'slice',
  reads: readsNone,
  forward(_context, [x], ranges) {
    const { shape, strides, offset } = layoutOf(x.shape, ranges);
    const first = ranges.findIndex(({ length }) => length !== 1);
    const together = ranges.every(
      ({ step, length }, i) =>
        i < first || (i === first && step === 1) || (i > first && length === x.shape[i]),
    );
    if (first < 0 || together) return x.alias(shape, x.offset + offset);
    return gather('at', x, shape, strides, offset);
  },
  backward({ inputs: [x] }, dy, ranges) {
    const { strides, offset } = layoutOf(x.shape, ranges);
    const dx = x.empty(x.shape).fill_(0);
    scatter('at', dx, dy, strides, offset);
    return [dx];
  },
};

function layoutOf(shape: Shape, ranges: readonly Range[]) {
  const strides = stridesOf(shape);
  const lengths = ranges.map(({ length }) => length);
  const isEmpty = lengths.includes(0);
  return {
    shape: lengths,
    strides: strides.map((stride, i) => stride * ranges[i].step),
    offset: isEmpty ? 0 : ranges.reduce((sum, { start }, i) => sum + start * strides[i], 0),
  };
}

function slice(x: Tensor, ranges: readonly Range[]): Tensor {
  const isWhole = ranges.every(({ step, length }, i) => step === 1 && length === x.shape[i]);
  return isWhole ? x : apply(sliceOperation, [x], ranges);
}

/** x at the ids of one or more indices. */
function choose(x: Tensor, chosen: readonly Chosen[]): Tensor {
  if (chosen.length === 0) return x;
  const dims = chosen.flatMap(({ dim, span }) => Array.from({ length: span }, (_, i) => dim + i));
  const neighbours = dims.every((dim, i) => i === 0 || dim === dims[i - 1] + 1);
  const others = x.shape.map((_, dim) => dim).filter((dim) => !dims.includes(dim));
  const moved = neighbours ? x : permute(x, [...dims, ...others]);
  const at = neighbours ? dims[0] : 0;
  const sizes = chosen.map(({ dim, span }) =>
    x.shape.slice(dim, dim + span).reduce((product, size) => product * size, 1),
  );
  const total = sizes.reduce((product, size) => product * size, 1);
  const rest = moved.shape.slice(at + dims.length);
  const merged = reshape(moved, [...moved.shape.slice(0, at), total, ...rest]);
  // The ids of each index walk together: their place in the merged dimension is one number.
  const strides = stridesOf(sizes);
  const shape = chosen.reduce<Shape>((all, { ids }) => broadcastShapes('at', all, ids.shape), []);
  const ids = chosen
    .map(({ ids }, i) => (chosen.length === 1 ? ids : mul(ids, strides[i])))
    .reduce((sum, each) => add(sum, each));
  return takeAlong('at', merged, at, expand(ids, shape));
}

/** See the table above. @throws ShapeError for what lies outside, UserError for what is no index. */
export function at(x: Tensor, ...index: Index[]): Tensor {
  checkTensor('at', x);
  const { ranges, shape, chosen } = planOf(x, index);
  const sliced = slice(x, ranges);
  const sameShape = sliced.ndim === shape.length && sliced.shape.every((n, i) => n === shape[i]);
  return choose(sameShape ? sliced : reshape(sliced, shape), chosen);
}

/**
 * Overwrites what `at` would give with `value`, a number or a tensor that stretches to its shape, in
 * place and off the tape. Where an id comes twice, the last one counts. Returns x.
 */
export function setAt_(x: Tensor, value: Operand, ...index: Index[]): Tensor {
  checkTensor('setAt_', x);
  x.changeInPlace('setAt_');
  const count = Int32Array.from({ length: x.numel }, (_, i) => i);
  const places = at(x.empty(x.shape, 'int32').copy_(count), ...index);
  const given = typeof value === 'number' ? scalarLike(x, value, x.dtype) : value;
  checkTensor('setAt_', given, 'a number or a tensor');
  checkOneBackend('setAt_', x, given);
  const values = expand(to(given.detach(), x.dtype), places.shape);
  const [out, from, ids] = [x.pointer, values.pointer, places.pointer];
  x.backend.put(out, from, ids, 1, x.numel, places.numel, 1, true, false);
  return x;
}
