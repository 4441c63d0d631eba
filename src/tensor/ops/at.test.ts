import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aShape, checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { ReferenceBackend } from '../../backend/index.js';
import {
  arange,
  gather,
  type Index,
  oneHot,
  scope,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from '../index.js';

const values = (x: Tensor) => Array.from(x.dataSync());

/** An index for one dimension of so many entries, and the entries that it takes; null for one whose dimension goes. */
const item = (size: number): fc.Arbitrary<{ index: Index; entries: number[] | null }> => {
  const range = fc
    .tuple(
      fc.integer({ min: -size - 1, max: size + 1 }),
      fc.integer({ min: -size - 1, max: size + 1 }),
      fc.integer({ min: 1, max: 3 }),
    )
    .map(([start, end, step]) => {
      const place = (v: number) => Math.min(Math.max(v < 0 ? v + size : v, 0), size);
      const entries = [];
      for (let i = place(start); i < place(end); i += step) entries.push(i);
      return { index: `${start}:${end}:${step}` as Index, entries };
    });
  const whole = fc.constant({
    index: ':' as Index,
    entries: Array.from({ length: size }, (_, i) => i),
  });
  if (size === 0) return fc.oneof(range, whole);
  const entry = fc.integer({ min: -size, max: size - 1 });
  return fc.oneof(
    range,
    whole,
    entry.map((index) => ({ index, entries: null })),
  );
};

describe('at', () => {
  it('takes what ranges and entries say, and gives the gradient back', () => {
    property(
      aShape({ min: 1, max: 3 }).chain((shape) =>
        fc.tuple(fc.constant(shape), ...shape.map((size) => item(size))),
      ),
      ([shape, ...items]) => {
        const index = items.map((each) => each.index);
        checkOperation({ inputs: [shape], run: (x) => x.at(...index) });
        scope(() => {
          const y = zeros(shape).at(...index);
          expect(y.shape).toEqual(
            items.flatMap(({ entries }) => (entries ? [entries.length] : [])),
          );
        });
      },
    );
  });

  it('gathers gradients where ids meet', () => {
    const ids = { shape: [2, 2], values: [1, -1, 1, 0], int: true };
    checkOperation({ inputs: [[3, 4], ids], run: (x, i) => x.at(i) });
    checkOperation({ inputs: [[3, 4], ids], run: (x, i) => x.at(':', i) });
    checkOperation({ inputs: [[3, 4], ids], run: (x, i) => x.at(i, [0, 2]) });
    checkOperation({ inputs: [[3, 2, 4], ids], run: (x, i) => x.at(i, ':', [1, 1]) });
    checkOperation({ inputs: [[3, 4]], run: (x) => x.at([true, false, true], '1:') });
    checkOperation({
      inputs: [[3, 4]],
      run: (x) => x.at(arange(12).reshape(3, 4).remainder(3).eq(0)),
    });
    checkOperation({ inputs: [[0, 4]], run: (x) => x.at([]) });
  });

  it('shares the memory of leading rows', () => {
    scope(() => {
      const x = zeros(3, 2);
      x.at(1).fill_(7);
      expect(values(x)).toEqual([0, 0, 7, 7, 0, 0]);
      expect(x.at('1:').storage).toBe(x.storage);
      expect(x.at(':', 1).storage).not.toBe(x.storage);
    });
  });

  it('takes a tensor without dimensions as an entry', () => {
    scope(() => {
      const x = tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]);
      const best = x.at(1).argmax();
      expect(x.at(1, best).itemSync()).toBe(6);
      expect(x.at(':', best).shape).toEqual([2]);
    });
  });

  it('setAt_ overwrites, the last of several counting, and says when history is at stake', () => {
    scope(() => {
      const x = zeros(2, 3);
      expect(values(x.setAt_(tensor([1, 2]), 0, [2, 2]))).toEqual([0, 0, 2, 0, 0, 0]);
      expect(values(x.setAt_(5, 1, '::2'))).toEqual([0, 0, 2, 5, 0, 5]);
      expect(values(tensor([1, 2], 'int32').setAt_(9, -1))).toEqual([1, 9]);
      const y = zeros(2).requireGrad().mul(1);
      expect(() => y.setAt_(1, 0)).toThrow('setAt_: expected a tensor without history');
      expect(() => x.setAt_(zeros(4), 0)).toThrow('expand: expected shapes that broadcast');
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros(2, 3);
      expect(() => x.at(2)).toThrow('at: expected an index from -2 to 1 for dimension 0, got 2');
      expect(() => x.at(0, 0, 0)).toThrow('at: expected at most 2 indices for (2, 3), got 3');
      expect(() => x.at('...', '...')).toThrow('at: expected "..." once');
      expect(() => x.at('1-2' as never)).toThrow('expected a range like "1:4"');
      expect(() => x.at('::-1')).toThrow('steps of at least 1');
      expect(() => x.at([0, 2])).toThrow(
        'at: expected indices from -2 to 1 for dimension 0, got 2',
      );
      expect(() => x.at(':', [-4])).toThrow('from -3 to 2 for dimension 1, got -4');
      expect(() => x.at(tensor([true]))).toThrow(
        'at: expected a mask of (2) from dimension 0 on, got (1)',
      );
      expect(() => x.at(zeros(2))).toThrow('at: expected a number, a range like "1:4"');
      expect(() => x.at(undefined as never)).toThrow('got undefined');
      expect(() => x.at([0, 1], [0, 1, 2])).toThrow('at: expected shapes that broadcast');
    });
  });
});

describe('choosing by index', () => {
  it('gather and indexSelect, with their gradients', () => {
    const ids = { shape: [2, 3], values: [1, 0, 1, 3, 3, 0], int: true };
    checkOperation({ inputs: [[2, 4], ids], run: (x, i) => gather(x, 1, i) });
    checkOperation({ inputs: [[4, 3], ids], run: (x, i) => x.gather(0, i) });
    checkOperation({ inputs: [[3, 4], ids], run: (x, i) => x.gather(-1, i) });
    checkOperation({ inputs: [[2, 4, 2]], run: (x) => x.indexSelect(1, [3, 0, 3]) });
    checkOperation({ inputs: [[0, 4, 2]], run: (x) => x.indexSelect(1, [3]) });
  });

  it('oneHot and nonzero', () => {
    scope(() => {
      expect(values(oneHot([[1, 0]]))).toEqual([0, 1, 1, 0]);
      expect(oneHot([[1, 0]], 4).shape).toEqual([1, 2, 4]);
      expect(oneHot([1]).dtype).toBe('int32');
      expect(
        values(
          tensor([
            [0, 3],
            [4, 0],
          ]).nonzero(),
        ),
      ).toEqual([0, 1, 1, 0]);
      expect(zeros(2).nonzero().shape).toEqual([0, 1]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros(2, 3);
      expect(() => x.gather(1, [[3]])).toThrow(
        'gather: expected indices from 0 to 2, got 3 at position 0',
      );
      expect(() => x.gather(1, [0])).toThrow('gather: expected an index of 2 dimensions');
      expect(() => x.gather(1, [[0], [0], [0]])).toThrow(
        'none but dimension 1 larger than in (2, 3)',
      );
      expect(() => x.indexSelect(0, [-1])).toThrow(
        'indexSelect: expected indices from 0 to 1, got -1',
      );
      expect(() => x.indexSelect(0, [[0]])).toThrow(
        'indexSelect: expected indices (n), got (1, 1)',
      );
      expect(() => oneHot([3], 3)).toThrow('oneHot: expected ids from 0 to numClasses − 1');
    });
  });
});

it('setAt_ takes values of its own backend alone: another’s pointers are nothing to its kernels', () => {
  const [x, y] = [new ReferenceBackend(), new ReferenceBackend()].map((backend) =>
    withBackend(backend as never, () => zeros([2])),
  );
  expect(() => x.setAt_(y)).toThrow('setAt_: expected tensors of one backend');
});
