import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  collapse,
  formatShape,
  normalizeDim,
  normalizeDims,
  numel,
  sameShape,
  stridesOf,
} from './shape.js';

/** Every position that loops over `shape` visit at `strides`, in order. */
function positions(shape: readonly number[], strides: readonly number[]): number[] {
  let found = [0];
  shape.forEach((size, dim) => {
    found = found.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[dim]));
  });
  return found;
}

const aShape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });

describe('shapes', () => {
  it('count, compare and print', () => {
    expect([numel([]), numel([2, 3]), numel([2, 0])]).toEqual([1, 6, 0]);
    expect([sameShape([2], [2]), sameShape([2], [2, 1]), sameShape([2], [3])]).toEqual([
      true,
      false,
      false,
    ]);
    expect(formatShape([2, 3])).toBe('(2, 3)');
    expect(() => checkShape('zeros', [2, Number.NaN])).toThrow('got (2, NaN)');
  });

  it('have row-major strides, which visit every place once', () => {
    fc.assert(
      fc.property(aShape, (shape) => {
        const visited = positions(shape, stridesOf(shape));
        expect(visited).toEqual(Array.from({ length: numel(shape) }, (_, i) => i));
      }),
    );
  });

  it('collapse to fewer loops that visit the same places', () => {
    const drawn = aShape.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray(
          shape.map((_, i) => i),
          { minLength: shape.length },
        ),
        fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      ),
    );
    fc.assert(
      fc.property(drawn, ([shape, order, stretched]) => {
        const own = stridesOf(shape);
        const sizes = order.map((dim) => shape[dim]);
        const permuted = order.map((dim) => own[dim]);
        const broadcast = stridesOf(sizes).map((stride, i) => (stretched[i] ? 0 : stride));
        const loops = [...sizes];
        const [a, b] = [[...permuted], [...broadcast]];
        collapse(loops, a, b);
        expect(positions(loops, a)).toEqual(positions(sizes, permuted));
        expect(positions(loops, b)).toEqual(positions(sizes, broadcast));
        expect([a.length, b.length]).toEqual([loops.length, loops.length]);
        expect(loops).not.toContain(1);
      }),
    );
    const contiguous = [2, 3, 4];
    collapse(contiguous, [12, 4, 1], [12, 4, 1]);
    expect(contiguous).toEqual([24]);
  });

  it('broadcast as NumPy has it', () => {
    expect(broadcastShapes('add', [3, 1], [2, 1, 4])).toEqual([2, 3, 4]);
    expect(broadcastShapes('add', [], [0])).toEqual([0]);
    expect(broadcastShapes('add', [1], [0])).toEqual([0]);
    expect(() => broadcastShapes('add', [2], [0])).toThrow('got (2) and (0)');
    expect(broadcastStrides([3, 1], [2, 3, 4])).toEqual([0, 1, 0]);
    expect(broadcastStrides([2, 3], [2, 3])).toEqual([3, 1]);
  });

  it('name dimensions from either end', () => {
    expect(normalizeDim('sum', -1, 3)).toBe(2);
    expect(normalizeDims('sum', [2, -3], 3)).toEqual([0, 2]);
    expect(normalizeDims('sum', undefined, 2)).toEqual([0, 1]);
    expect(() => normalizeDim('sum', 3, 3)).toThrow(
      'sum: expected a dimension from -3 to 2, got 3',
    );
    expect(() => normalizeDims('sum', [1, -1], 2)).toThrow('dimension 1 is named twice in (1, -1)');
  });
});
