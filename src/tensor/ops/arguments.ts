/** How operations take their arguments. */
import { ShapeError } from '../../util/errors.js';
import { describeShape, type Shape } from '../../util/shape.js';
import type { Tensor } from '../tensor.js';

/** Sizes or dimensions, as a list or one after another: `reshape(x, [2, 3])`, `reshape(x, 2, 3)`. */
export type Numbers = number[] | [Shape];

/** What was given, as a list. Throws unless all of it are numbers. */
export function numbersOf(operation: string, given: Numbers): Shape {
  const list = given.length === 1 && Array.isArray(given[0]) ? given[0] : given;
  for (const item of list as readonly unknown[]) {
    if (typeof item !== 'number') {
      throw new ShapeError(
        operation,
        `expected numbers, one after another or in an array, got ${describeShape(list)}`,
      );
    }
  }
  return list as Shape;
}

/** A shape, as a list or one size after another, and then an `Option` or nothing. */
export type ShapeAnd<Option> =
  | number[]
  | [Shape]
  | [Shape, Option | undefined]
  | [...number[], Option];

/** Takes them apart. */
export function shapeAnd<Option>(given: ShapeAnd<Option>): { shape: Shape; option?: Option } {
  const list = given as readonly unknown[];
  if (Array.isArray(list[0])) return { shape: list[0], option: list[1] as Option | undefined };
  const last = list[list.length - 1];
  return list.length === 0 || typeof last === 'number'
    ? { shape: list as Shape }
    : { shape: list.slice(0, -1) as Shape, option: last as Option };
}

/** Tensors, as a list or one after another, and then a dimension or nothing. */
export type TensorsAndDim =
  | [tensors: readonly Tensor[], dim?: number]
  | Tensor[]
  | [...tensors: Tensor[], dim: number];

/** Takes them apart; the dimension is 0 by default. */
export function tensorsAndDim(given: TensorsAndDim): { tensors: readonly Tensor[]; dim: number } {
  const list = given as readonly unknown[];
  if (Array.isArray(list[0])) return { tensors: list[0], dim: (list[1] ?? 0) as number };
  const last = list[list.length - 1];
  return typeof last === 'number'
    ? { tensors: list.slice(0, -1) as Tensor[], dim: last }
    : { tensors: list as Tensor[], dim: 0 };
}

/** One side of an operation of two: a tensor, or a number that stands for one of any shape. */
export type Operand = Tensor | number;

/** For a reduction: one dimension, several, or (undefined) all. */
export type Dims = number | readonly number[];
