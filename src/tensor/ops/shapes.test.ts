import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aShape,
  at,
  build,
  checkOperation,
  property,
} from '../../../test/suites/gradcheck.suite.js';
import { concat, roll, scope, stack, type Tensor, tensor, zeros } from '../index.js';

const values = (x: Tensor) => Array.from(x.dataSync());
/** Values that say where they are. */
const counted = (...shape: number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    { shape },
  );
const shapes = fc.tuple(aShape({ min: 1, max: 3 }), fc.nat());

describe('shapes and pieces', () => {
  it('move elements where they should be, and gradients back', () => {
    property(shapes, ([shape, seed]) => {
      const dim = seed % shape.length;
      const size = shape[dim];
      const inputs = [shape];
      const moved = (index: number[], by: (i: number) => number) =>
        index.map((v, i) => (i === dim ? by(v) : v));
      checkOperation({
        inputs,
        run: (x) => x.flip(dim),
        expected: (x) =>
          build(shape, (i) =>
            at(
              x,
              shape,
              moved(i, (v) => size - 1 - v),
            ),
          ),
      });
      checkOperation({
        inputs,
        run: (x) => x.roll(seed - 3, dim),
        expected: (x) =>
          build(shape, (i) =>
            at(
              x,
              shape,
              moved(i, (v) => (((v - (seed - 3)) % size) + size) % size),
            ),
          ),
      });
      const times = shape.map((_, i) => (seed + i) % 3);
      const repeated = shape.map((n, i) => n * times[i]);
      checkOperation({
        inputs,
        run: (x) => x.repeat(times),
        expected: (x) =>
          build(repeated, (i) =>
            at(
              x,
              shape,
              i.map((v, d) => v % shape[d]),
            ),
          ),
      });
      checkOperation({
        inputs,
        run: (x) =>
          x
            .unsqueeze(-1)
            .expand(...shape, 2)
            .squeeze(),
      });
      if (size > 0) checkOperation({ inputs, run: (x) => x.select(dim, seed % size) });
      checkOperation({ inputs, run: (x) => concat(x.split(2, dim).reverse(), dim) });
      checkOperation({ inputs: [shape, shape], run: (a, b) => stack([a, b], dim - shape.length) });
    });
  });

  it('triangles and diagonals', () => {
    property(
      fc.tuple(aShape({ min: 2, max: 3 }), fc.integer({ min: -3, max: 3 })),
      ([shape, diagonal]) => {
        const inputs = [shape];
        const lower = (i: number[]) => i[i.length - 1] - i[i.length - 2] <= diagonal;
        checkOperation({
          inputs,
          run: (x) => x.tril(diagonal),
          expected: (x) => build(shape, (i) => (lower(i) ? at(x, shape, i) : 0)),
        });
        checkOperation({
          inputs,
          run: (x) =>
            x
              .triu(diagonal)
              .add(x.tril(diagonal - 1))
              .sub(x),
        });
        checkOperation({ inputs: [shape.slice(-2)], run: (x) => x.diag(diagonal) });
        checkOperation({ inputs: [[3]], run: (x) => x.diag(diagonal).diag(diagonal) });
      },
    );
  });

  it('pieces come as in PyTorch', () => {
    scope(() => {
      const sizes = (pieces: Tensor[]) => pieces.map((piece) => piece.shape[0]);
      expect(sizes(zeros(7).split(3))).toEqual([3, 3, 1]);
      expect(sizes(zeros(6).chunk(4))).toEqual([2, 2, 2]);
      expect(sizes(zeros(0).split(3))).toEqual([0]);
      expect(zeros(2, 3).unbind(1).length).toBe(3);
      expect(values(zeros(3).requireGrad().split([1, 2])[1])).toEqual([0, 0]);
    });
  });

  it('takes lists or one after another alike', () => {
    scope(() => {
      const x = counted(2, 3);
      for (const [a, b] of [
        [x.reshape(3, 2), x.reshape([3, 2])],
        [x.view(6, -1), x.view([6, -1])],
        [x.permute(1, 0), x.permute([1, 0])],
        [x.expand(2, 2, 3), x.expand([2, 2, 3])],
        [x.repeat(2, 1), x.repeat([2, 1])],
        [x.flip(0, 1), x.flip([0, 1])],
        [zeros(2, 3), zeros([2, 3])],
      ]) {
        expect(a.shape).toEqual(b.shape);
        expect(values(a)).toEqual(values(b));
      }
      expect(zeros(2, 'int32').dtype).toBe('int32');
      expect(zeros().shape).toEqual([]);
    });
  });

  it('take tensors in a list or one after another', () => {
    scope(() => {
      const [a, b] = [tensor([[1, 2]]), tensor([[3, 4]])];
      for (const joined of [concat([a, b]), concat(a, b), concat(a, b, 0), concat([a, b], -2)]) {
        expect(joined.toArraySync()).toEqual([
          [1, 2],
          [3, 4],
        ]);
      }
      expect(concat(a, b, 1).toArraySync()).toEqual([[1, 2, 3, 4]]);
      expect(stack(a, b).toArraySync()).toEqual([[[1, 2]], [[3, 4]]]);
      expect(stack(a, b, 2).toArraySync()).toEqual(stack([a, b], -1).toArraySync());
      expect(() => concat(a, 'b' as never)).toThrow('concat: expected a tensor, got "b"');
      expect(() => stack()).toThrow('stack: expected at least one tensor, got none');
    });
  });

  it('name what does not fit', () => {
    scope(() => {
      const x = zeros(2, 3);
      expect(() => x.unsqueeze(3)).toThrow('unsqueeze: expected a dimension from -3 to 2, got 3');
      expect(() => x.select(1, 3)).toThrow(
        'select: expected an index from -3 to 2 for dimension 1',
      );
      expect(() => x.split(0)).toThrow('split: expected a size of at least 1');
      expect(() => x.split([1, 1, 1])).toThrow(
        'add up to the 2 entries of dimension 0, got (1, 1, 1)',
      );
      expect(() => x.repeat(2)).toThrow(
        'repeat: expected a count of at least 0 for each dimension',
      );
      expect(() => roll(x, [1, 2], 0)).toThrow('roll: expected a dimension for each shift');
      expect(() => roll(x, [10n] as never, 0)).toThrow('roll: expected whole shifts, got 10n');
      expect(() => stack([zeros([2]), zeros([3]), 5 as never])).toThrow('stack: expected a tensor');
      expect(() => roll(x, 0.5, 0)).toThrow('roll: expected whole shifts, got 0.5');
      expect(() => x.select(0, {} as never)).toThrow(/for dimension 0, got an? (empty )?object/);
      expect(() => stack([])).toThrow('stack: expected at least one tensor, got none');
      expect(() => stack([x, zeros(2)])).toThrow('one shape, got (2, 3), (2)');
      expect(() => zeros(2).tril()).toThrow('tril: expected at least two dimensions');
      expect(() => zeros(2, 2, 2).diag()).toThrow('diag: expected a vector or a matrix');
      expect(() => zeros(2, 2, 2).t()).toThrow('t: expected at most two dimensions');
      expect(() => x.reshape('a' as never)).toThrow('reshape: expected numbers');
    });
  });
});
