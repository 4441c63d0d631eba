import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aShape,
  at,
  build,
  checkOperation,
  exact,
  property,
} from '../../../test/suites/gradcheck.suite.js';
import { logSoftmax, scope, softmax, tensor, withBackend, zeros } from '../index.js';

const drawn = aShape({ min: 1 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    dim: fc.integer({ min: -shape.length, max: shape.length - 1 }),
    seed: fc.nat(),
  }),
);

function naive(x: readonly number[], shape: number[], dim: number, log: boolean): number[] {
  const along = dim < 0 ? dim + shape.length : dim;
  return build(shape, (index) => {
    let total = 0;
    for (let i = 0; i < shape[along]; i++) {
      total += Math.exp(
        at(
          x,
          shape,
          index.map((v, d) => (d === along ? i : v)),
        ),
      );
    }
    const value = at(x, shape, index);
    return log ? value - Math.log(total) : Math.exp(value) / total;
  });
}

describe('softmax and logSoftmax', () => {
  it.each([
    ['softmax', softmax, false],
    ['logSoftmax', logSoftmax, true],
  ] as const)('%s over any dimension', (_name, run, log) => {
    property(drawn, ({ shape, dim, seed }) =>
      checkOperation({
        inputs: [shape],
        run: (x) => run(x, dim),
        expected: (x) => naive(x, shape, dim, log),
        seed,
      }),
    );
  });

  it('take the greatest off first', () => {
    withBackend(exact, () =>
      scope(() => {
        const x = tensor([[1e4, 1e4 - Math.log(3)]]);
        expect(x.softmax().doublesSync()[0]).toBeCloseTo(0.75, 9);
        expect(x.logSoftmax().doublesSync()[1]).toBeCloseTo(Math.log(0.25), 9);
        const masked = tensor([[0, -Infinity]]);
        expect([...masked.softmax().doublesSync()]).toEqual([1, 0]);
      }),
    );
  });

  it('name what does not fit', () => {
    scope(() => {
      expect(() => zeros([2, 3]).softmax(2)).toThrow(
        'softmax: expected a dimension from -2 to 1, got 2',
      );
      expect(() => zeros([]).logSoftmax()).toThrow(
        'logSoftmax: expected no dimension for a scalar, got -1',
      );
      expect(() => zeros([2], 'int32').softmax()).toThrow(
        'softmax: expected a float32 tensor, got int32 of shape (2)',
      );
    });
  });
});
