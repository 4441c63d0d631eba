import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  at,
  build,
  checkOperation,
  exact,
  indicesOf,
  property,
  shapeWithDims,
} from '../../../test/suites/gradcheck.suite.js';
import { numel, type Shape } from '../../util/shape.js';
import { amax, scope, type Tensor, tensor, withBackend, zeros } from '../index.js';

type Drawn = { shape: number[]; dims: number[]; keepdim: boolean };

const positive = ({ shape, dims }: Drawn) =>
  dims.map((dim) => (dim < 0 ? dim + shape.length : dim));

/** The result's flat values: `f` over each group of elements that fall together. */
function reduced(
  drawn: Drawn,
  values: readonly number[],
  f: (group: number[]) => number,
): number[] {
  const { shape } = drawn;
  const dims = positive(drawn);
  const kept = shape.map((size, i) => (dims.includes(i) ? 1 : size));
  const within = shape.map((size, i) => (dims.includes(i) ? size : 1));
  return build(kept, (outer) => {
    const group: number[] = [];
    for (const inner of indicesOf(within)) {
      group.push(
        at(
          values,
          shape,
          outer.map((o, i) => o + inner[i]),
        ),
      );
    }
    return f(group);
  });
}

function shapeOf(drawn: Drawn): Shape {
  const dims = positive(drawn);
  const kept = drawn.shape.map((size, i) => (dims.includes(i) ? 1 : size));
  return drawn.keepdim ? kept : kept.filter((_, i) => !dims.includes(i));
}

const total = (group: number[]) => group.reduce((a, b) => a + b, 0);
const average = (group: number[]) => total(group) / group.length;
const spread = (group: number[], correction: number) => {
  const mean = average(group);
  return total(group.map((x) => (x - mean) ** 2)) / Math.max(0, group.length - correction);
};

function checkReduction(
  drawn: Drawn,
  seed: number,
  run: (x: Tensor) => Tensor,
  f: (group: number[]) => number,
  draw: 'normal' | 'apart' = 'normal',
) {
  checkOperation({
    inputs: [drawn.shape],
    run: (x) => {
      const y = run(x);
      expect(y.shape).toEqual(shapeOf(drawn));
      return y;
    },
    expected: (x) => reduced(drawn, x, f),
    seed,
    draw,
  });
}

const drawn = fc.tuple(shapeWithDims(), fc.nat());
const hasElements = ({ shape, dims }: Drawn) =>
  numel(positive({ shape, dims, keepdim: true }).map((dim) => shape[dim])) > 0;

describe('reductions over any dimensions', () => {
  it('sum', () => {
    property(drawn, ([d, seed]) => checkReduction(d, seed, (x) => x.sum(d.dims, d.keepdim), total));
  });

  it('mean, NaN of nothing', () => {
    property(drawn, ([d, seed]) =>
      checkReduction(d, seed, (x) => x.mean(d.dims, d.keepdim), average),
    );
  });

  it('amax', () => {
    property(
      drawn.filter(([d]) => hasElements(d)),
      ([d, seed]) =>
        checkReduction(
          d,
          seed,
          (x) => x.amax(d.dims, d.keepdim),
          (g) => Math.max(...g),
          'apart',
        ),
    );
  });

  it.each([0, 1, 2])('var with correction %d', (correction) => {
    // Where count ≤ correction the variance is NaN or infinite, and so is its slope.
    const enough = (d: Drawn) =>
      numel(positive(d).map((dim) => d.shape[dim])) > correction || numel(d.shape) === 0;
    property(
      drawn.filter(([d]) => enough(d)),
      ([d, seed]) =>
        checkReduction(
          d,
          seed,
          (x) => x.var(d.dims, { keepdim: d.keepdim, correction }),
          (g) => spread(g, correction),
        ),
    );
  });

  it('reduce everything by default, to a scalar', () => {
    const d: Drawn = { shape: [3, 1, 5], dims: [0, 1, 2], keepdim: false };
    checkReduction(d, 1, (x) => x.sum(), total);
    checkReduction(d, 1, (x) => x.mean(), average);
    checkReduction(
      d,
      1,
      (x) => x.amax(),
      (g) => Math.max(...g),
      'apart',
    );
    checkReduction(
      d,
      1,
      (x) => x.var(),
      (g) => spread(g, 1),
    );
  });

  it('are right over more elements than a block holds', () => {
    const d: Drawn = { shape: [3, 4099], dims: [1], keepdim: false };
    checkReduction(d, 1, (x) => x.sum(1), total);
    checkReduction(
      d,
      1,
      (x) => x.var(1),
      (g) => spread(g, 1),
    );
    const e: Drawn = { shape: [4099, 3], dims: [0], keepdim: true };
    checkReduction(e, 1, (x) => x.mean(0, true), average);
  });

  it('share the gradient of a maximum among equals', () => {
    withBackend(exact, () =>
      scope(() => {
        const x = tensor([[1, 4, 4, 2]]).requireGrad();
        amax(x, 1).backward(tensor([3]));
        expect([...x.grad!.doublesSync()]).toEqual([0, 1.5, 1.5, 0]);
      }),
    );
  });

  it('give NaN for the variance of one element, as PyTorch', () => {
    scope(() => expect(zeros([1]).var().itemSync()).toBeNaN());
  });
});

describe('errors', () => {
  it('name the operation, what was expected and what came', () => {
    scope(() => {
      const x = zeros([2, 3]);
      expect(() => x.sum(2)).toThrow('sum: expected a dimension from -2 to 1, got 2');
      expect(() => x.mean([0, -3])).toThrow('mean: expected a dimension from -2 to 1, got -3');
      expect(() => x.var([0, -2])).toThrow('var: dimension 0 is named twice in (0, -2)');
      expect(() => x.sum(0.5)).toThrow('sum: expected a dimension from -2 to 1, got 0.5');
      expect(() => zeros([]).sum(0)).toThrow('sum: expected no dimension for a scalar, got 0');
      expect(() => zeros([2, 0]).amax(1)).toThrow(
        'amax: expected at least one element to choose from, got shape (2, 0)',
      );
      const ids = tensor(Int32Array.of(1, 2));
      for (const name of ['mean', 'var', 'std', 'norm', 'prod', 'logsumexp'] as const) {
        expect(() => ids[name]()).toThrow(
          `${name}: expected a float32 tensor, got int32 of shape (2)`,
        );
      }
    });
  });
});
