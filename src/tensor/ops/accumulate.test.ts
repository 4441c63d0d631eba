import { describe, expect, it } from 'vitest';
import { checkOperation, property, shapeWithDims } from '../../../test/suites/gradcheck.suite.js';
import { numel } from '../../util/shape.js';
import { scope, type Tensor, tensor, zeros } from '../index.js';

const values = (x: Tensor) => Array.from(x.dataSync());

const REDUCTIONS: [string, (x: Tensor, dims: number[], keepdim: boolean) => Tensor][] = [
  ['norm', (x, dims, keepdim) => x.norm(2, dims, keepdim)],
  ['1-norm', (x, dims, keepdim) => x.norm(1, dims, keepdim)],
  ['3-norm', (x, dims, keepdim) => x.norm(3, dims, keepdim)],
  ['1.5-norm', (x, dims, keepdim) => x.norm(1.5, dims, keepdim)],
  ['logsumexp', (x, dims, keepdim) => x.logsumexp(dims, keepdim)],
];

describe('reductions made of others', () => {
  it.each(REDUCTIONS)('%s, over any dimensions, of nothing too', (_name, run) => {
    property(shapeWithDims({ max: 3 }), ({ shape, dims, keepdim }) => {
      checkOperation({ inputs: [shape], run: (x) => run(x, dims, keepdim), draw: 'apart' });
    });
  });

  it('prod, over any dimensions, of nothing too', () => {
    // Of few factors: each brings a rounding of its own.
    const few = shapeWithDims({ max: 3 }).filter(({ shape }) => numel(shape) <= 48);
    property(few, ({ shape, dims, keepdim }) => {
      const run = (x: Tensor) => x.mul(0.2).add(1.2).prod(dims, keepdim);
      checkOperation({ inputs: [shape], run, draw: 'apart' });
    });
  });

  it('std, and the ∞-norm', () => {
    property(shapeWithDims({ min: 1, max: 3, empty: false }), ({ shape, dims, keepdim }) => {
      const options = { keepdim, correction: 0 };
      const inputs = [[2, ...shape]];
      const more = [0, ...dims.map((dim) => (dim < 0 ? dim : dim + 1))];
      checkOperation({ inputs, run: (x) => x.std(more, options), draw: 'apart' });
      checkOperation({ inputs, run: (x) => x.norm(Infinity, more, keepdim), draw: 'apart' });
    });
  });

  it('cumsum, along each dimension', () => {
    property(shapeWithDims({ min: 1, max: 3 }), ({ shape }) => {
      shape.forEach((_, dim) => {
        checkOperation({ inputs: [shape], run: (x) => x.cumsum(dim - shape.length) });
      });
    });
  });

  it('prod does not let zeros hide each other', () => {
    const inputs = [{ shape: [3, 3], values: [2, 0, 3, 0, 0, 3, 2, -1, 3] }];
    checkOperation({ inputs, run: (x) => x.prod(1) });
    checkOperation({ inputs, run: (x) => x.prod() });
  });

  it('of nothing', () => {
    scope(() => {
      const x = zeros(2, 0);
      expect(values(x.logsumexp(1))).toEqual([-Infinity, -Infinity]);
      expect(values(x.prod(1))).toEqual([1, 1]);
      expect(values(x.norm(2, 1))).toEqual([0, 0]);
      expect(x.cumsum(1).shape).toEqual([2, 0]);
      expect(() => x.norm(Number.NaN)).toThrow('norm: expected a number for p, got NaN');
    });
  });

  it('does not overflow on the way to a logsumexp', () => {
    scope(() => {
      expect(tensor([1000, 1000]).logsumexp(0).itemSync()).toBeCloseTo(1000 + Math.log(2), 3);
      const x = tensor([-Infinity, -Infinity]).requireGrad();
      const y = x.logsumexp();
      expect(y.itemSync()).toBe(-Infinity);
      y.backward();
      expect(values(x.grad!)).toEqual([0, 0]);
    });
  });
});
