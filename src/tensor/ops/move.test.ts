import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aShape,
  at,
  build,
  checkOperation,
  property,
  twoShapes,
} from '../../../test/suites/gradcheck.suite.js';
import { broadcastShapes, sameShape } from '../../util/shape.js';
import {
  concat,
  expand,
  flatten,
  narrow,
  permute,
  reshape,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../index.js';

/** Followed by an operation that is not linear, so that each element's gradient is its own. */
const square = (x: Tensor) => x.square();
const squared = (x: readonly number[]) => x.map((v) => v * v);

const permutation = aShape({ min: 1 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    dims: fc.shuffledSubarray(
      shape.map((_, i) => i),
      { minLength: shape.length },
    ),
    seed: fc.nat(),
  }),
);

describe('permute and transpose', () => {
  it('moves each element to its place', () => {
    property(permutation, ({ shape, dims, seed }) => {
      const result = dims.map((dim) => shape[dim]);
      checkOperation({
        inputs: [shape],
        run: (x) => square(x.permute(...dims)),
        expected: (x) =>
          squared(
            build(result, (index) => {
              const from = new Array<number>(shape.length);
              dims.forEach((dim, i) => {
                from[dim] = index[i];
              });
              return at(x, shape, from);
            }),
          ),
        seed,
      });
    });
  });

  it('transposes from either end, blocks included', () => {
    checkOperation({
      inputs: [[2, 65, 3, 33]],
      run: (x) => square(x.transpose(-3, 3)),
      expected: (x) =>
        squared(build([2, 33, 3, 65], ([a, b, c, d]) => at(x, [2, 65, 3, 33], [a, d, c, b]))),
    });
  });

  it('keeps int32', () => {
    scope(() => {
      const x = tensor(Int32Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] }).permute(1, 0);
      expect([...x.dataSync()]).toEqual([1, 4, 2, 5, 3, 6]);
      expect(x.dtype).toBe('int32');
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros([2, 3]);
      expect(() => x.permute(0)).toThrow(
        'permute: expected each of the 2 dimensions of (2, 3) once, got (0)',
      );
      expect(() => x.permute(0, -2)).toThrow('dimensions of (2, 3) once, got (0, -2)');
      expect(() => x.transpose(0, 2)).toThrow(
        'transpose: expected a dimension from -2 to 1, got 2',
      );
      const long = zeros(new Array(9).fill(2));
      expect(() => long.permute(8, 7, 6, 5, 4, 3, 2, 1, 0)).toThrow(
        'permute: expected at most 8 dimensions that cannot be merged, got 9',
      );
    });
  });
});

describe('reshape and flatten', () => {
  it('keeps the numbers in order', () => {
    property(fc.tuple(aShape(), fc.nat()), ([shape, seed]) => {
      const count = shape.reduce((a, b) => a * b, 1);
      checkOperation({
        inputs: [shape],
        run: (x) => square(reshape(x, [1, count])),
        expected: squared,
        seed,
      });
    });
  });

  it('fills in −1', () => {
    scope(() => {
      expect(zeros([2, 3, 4]).reshape(-1, 6).shape).toEqual([4, 6]);
      expect(zeros([2, 3, 4]).reshape(-1).shape).toEqual([24]);
      expect(zeros([]).reshape(-1).shape).toEqual([1]);
      expect(zeros([0, 3]).reshape(-1, 3).shape).toEqual([0, 3]);
    });
  });

  it('flattens a range of dimensions', () => {
    scope(() => {
      expect(zeros([2, 3, 4]).flatten().shape).toEqual([24]);
      expect(zeros([2, 3, 4]).flatten(1).shape).toEqual([2, 12]);
      expect(zeros([2, 3, 4]).flatten(-3, -2).shape).toEqual([6, 4]);
      expect(zeros([2, 0, 4]).flatten(1).shape).toEqual([2, 0]);
      expect(zeros([]).flatten().shape).toEqual([1]);
    });
    checkOperation({ inputs: [[2, 3, 4]], run: (x) => square(flatten(x, 1)), expected: squared });
  });

  it('shares memory', () => {
    scope(() => {
      const x = zeros([2, 2]);
      x.reshape(4).fill_(3);
      expect([...x.dataSync()]).toEqual([3, 3, 3, 3]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros([2, 3]);
      const message = 'reshape: expected a shape of 6 elements, as (2, 3) has, got ';
      expect(() => x.reshape(4)).toThrow(`${message}(4)`);
      expect(() => x.reshape(-1, 4)).toThrow(`${message}(-1, 4)`);
      expect(() => x.reshape(-1, -1)).toThrow(`${message}(-1, -1)`);
      expect(() => x.reshape(-1, 0)).toThrow(`${message}(-1, 0)`);
      expect(() => x.reshape(-2, -3)).toThrow(`${message}(-2, -3)`);
      expect(() => x.flatten(1, 0)).toThrow('flatten: expected startDim ≤ endDim, got 1 and 0');
    });
  });
});

const ranges = aShape({ min: 1 }).chain((shape) =>
  fc
    .nat({ max: shape.length - 1 })
    .chain((dim) =>
      fc
        .tuple(fc.nat({ max: shape[dim] }), fc.nat({ max: shape[dim] }))
        .map(([a, b]) => ({ shape, dim, start: Math.min(a, b), length: Math.abs(a - b) })),
    ),
);

describe('narrow', () => {
  it('takes a range of any dimension', () => {
    property(fc.tuple(ranges, fc.nat()), ([{ shape, dim, start, length }, seed]) => {
      const result = shape.map((size, i) => (i === dim ? length : size));
      checkOperation({
        inputs: [shape],
        run: (x) => square(narrow(x, dim, start, length)),
        expected: (x) =>
          squared(
            build(result, (index) =>
              at(
                // A size of 1 is at its one place, whatever the start.
                x,
                shape,
                index.map((v, i) => (i === dim ? v + start : v)),
              ),
            ),
          ),
        seed,
      });
    });
  });

  it('shares memory with leading rows, and can be narrowed again', () => {
    scope(() => {
      const x = tensor([
        [0, 1],
        [2, 3],
        [4, 5],
      ]);
      const rows = x.narrow(0, 1, 2);
      expect(rows.storage).toBe(x.storage);
      expect([...rows.narrow(0, -1, 1).dataSync()]).toEqual([4, 5]);
      expect([...rows.narrow(1, 1, 1).dataSync()]).toEqual([3, 5]);
      expect([...rows.transpose(0, 1).dataSync()]).toEqual([2, 4, 3, 5]);
    });
    checkOperation({
      inputs: [[4, 3]],
      run: (x) => square(x.narrow(0, 1, 3).narrow(0, 1, 2).reshape(3, 2)),
      expected: (x) => squared(x.slice(6)),
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros([2, 3]);
      expect(() => x.narrow(1, 2, 2)).toThrow(
        'narrow: expected a range within the 3 entries of dimension 1, got start 2 and length 2',
      );
      expect(() => x.narrow(0, -3, 1)).toThrow('got start -3 and length 1');
      expect(() => x.narrow(0, 0, 0.5)).toThrow('got start 0 and length 0.5');
      expect(() => x.narrow(2, 0, 1)).toThrow('narrow: expected a dimension from -2 to 1, got 2');
    });
  });
});

const joints = aShape({ min: 1, max: 3 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    dim: fc.nat({ max: shape.length - 1 }),
    sizes: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
    seed: fc.nat(),
  }),
);

describe('concat', () => {
  it('joins along any dimension', () => {
    property(joints, ({ shape, dim, sizes, seed }) => {
      const shapes = sizes.map((size) => shape.map((s, i) => (i === dim ? size : s)));
      const total = sizes.reduce((a, b) => a + b, 0);
      checkOperation({
        inputs: shapes,
        run: (...parts) => square(concat(parts, dim - shape.length)),
        expected: (...parts) =>
          squared(
            build(
              shape.map((s, i) => (i === dim ? total : s)),
              (index) => {
                const from = [...index];
                let part = 0;
                while (from[dim] >= sizes[part]) from[dim] -= sizes[part++];
                return at(parts[part], shapes[part], from);
              },
            ),
          ),
        seed,
      });
    });
  });

  it('takes the same tensor twice, and a list that changes later', () => {
    checkOperation({ inputs: [[2, 3]], run: (x) => square(concat([x, x], 1)) });
    checkOperation({
      inputs: [[2], [3]],
      run: (a, b) => {
        const list = [a, b];
        const y = concat(list);
        list.length = 0;
        return square(y);
      },
      expected: (a, b) => squared([...a, ...b]),
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => concat([])).toThrow('concat: expected at least one tensor, got none');
      const message = 'concat: expected shapes that differ in dimension 0 only, got ';
      expect(() => concat([zeros([2, 3]), zeros([2, 4])])).toThrow(`${message}(2, 3), (2, 4)`);
      expect(() => concat([zeros([2]), zeros([2, 1])])).toThrow(`${message}(2), (2, 1)`);
      expect(() => concat([zeros([2]), zeros([2], 'int32')])).toThrow(
        'concat: expected tensors of one dtype, got float32, int32',
      );
      expect(() => concat([zeros([])])).toThrow(
        'concat: expected no dimension for a scalar, got 0',
      );
    });
  });
});

describe('expand', () => {
  it('stretches sizes of 1 and adds leading dimensions', () => {
    const drawn = fc.tuple(twoShapes, fc.nat());
    property(drawn, ([[a, b], seed]) => {
      const shape = broadcastShapes('expand', a, b);
      checkOperation({
        inputs: [a],
        run: (x) => square(expand(x, shape)),
        expected: (x) => squared(build(shape, (index) => at(x, a, index))),
        seed,
      });
      if (!sameShape(shape, b)) {
        scope(() => expect(() => expand(zeros(a), b)).toThrow(/^expand: expected a shape that/));
      }
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => zeros([2, 3]).expand(2, 1)).toThrow(
        'expand: expected a shape that (2, 3) stretches to, got (2, 1)',
      );
      expect(() => zeros([2, 3]).expand(4, 3)).toThrow(/^expand: expected shapes that broadcast/);
      expect(zeros([2, 3]).expand(4, -1, -1).shape).toEqual([4, 2, 3]);
      expect(() => zeros([2, 3]).expand(-1, 2, 3)).toThrow(
        'expand: expected sizes that are whole numbers of at least 0, got (-1, 2, 3)',
      );
    });
  });

  it('keeps every view of a shared gradient apart', () => {
    // reshape hands the same dy on under other shapes: what is added to one must not show in another.
    checkOperation({
      inputs: [[2, 3]],
      run: (x) =>
        x
          .reshape(6)
          .add(x.flatten())
          .add(permute(x, [0, 1]).reshape(6))
          .add(x.reshape(6)),
    });
  });
});
