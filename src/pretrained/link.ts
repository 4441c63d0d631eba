/**
 * Which rows of our parameters are which tensors of theirs. One list serves both ways: a model is filled from a
 * file by it, and written into one.
 */
import type { Shape } from '../util/shape.js';

/** A matrix by rows: a vector of n numbers counts as n rows of one. */
export interface Link {
  /** Our parameter, by its path: `h.0.attn.cAttn.weight`. Undefined where we have none, and theirs is `constant`. */
  readonly own: string | undefined;
  readonly theirs: string;
  /** Of theirs, as the file has it. It may have more rows than we take: those of a vocabulary filled up. */
  readonly shape: Shape;
  /** Our row that its first one is. Default 0. */
  readonly row?: number;
  /** Theirs is (in, out), where ours is (out, in): GPT-2's Conv1D. */
  readonly transposed?: boolean;
  /** Rows of rotary pairs, in heads of this width: pairs that are neighbours in one are half a head apart in the other. */
  readonly pairs?: { readonly headDim: number; readonly neighbours: 'ours' | 'theirs' };
  /** Theirs has each head's query, key and value together; ours all queries, then all keys, then all values. */
  readonly byHead?: { readonly heads: number; readonly headDim: number };
  /** What all numbers of theirs are, where we have none: a bias of 0, a gain of 1. */
  readonly constant?: number;
}

/** Rows of theirs as they are to be counted, and the numbers in each. */
export function rowsOf({ shape, transposed }: Link): { rows: number; columns: number } {
  const [first = 1, second = 1] = shape;
  return transposed ? { rows: second, columns: first } : { rows: first, columns: second };
}

/**
 * Reorders the rows of one head: from pairs half a head apart to pairs of neighbours, or back.
 *
 * Row i and row i + half are pair i there, and rows 2·i and 2·i + 1 here.
 *
 * @param from (headDim, columns), flat; `to` is the same size.
 */
export function reorderPairs(
  from: Float32Array,
  to: Float32Array,
  { headDim, columns, toNeighbours }: { headDim: number; columns: number; toNeighbours: boolean },
): void {
  const half = headDim / 2;
  for (let i = 0; i < half; i++) {
    for (const second of [0, 1]) {
      const apart = i + second * half;
      const beside = 2 * i + second;
      const [source, target] = toNeighbours ? [apart, beside] : [beside, apart];
      to.set(from.subarray(source * columns, (source + 1) * columns), target * columns);
    }
  }
}

/** (rows, columns), flat → (columns, rows), flat, in tiles that stay in cache. */
export function transpose(
  from: Float32Array,
  to: Float32Array,
  rows: number,
  columns: number,
): void {
  const TILE = 32;
  for (let i = 0; i < rows; i += TILE) {
    for (let j = 0; j < columns; j += TILE) {
      const [lastRow, lastColumn] = [Math.min(rows, i + TILE), Math.min(columns, j + TILE)];
      for (let r = i; r < lastRow; r++) {
        for (let c = j; c < lastColumn; c++) to[c * rows + r] = from[r * columns + c]!;
      }
    }
  }
}
