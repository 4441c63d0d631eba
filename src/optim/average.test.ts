import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentBackend, scope, type Tensor, tensor } from '../tensor/index.js';
import { WeightAverage } from './average.js';

const state = (values: number[], step = 0) =>
  new Map<string, Tensor>([
    ['weight', tensor(values)],
    ['count', tensor(Int32Array.of(step))],
  ]);

describe('WeightAverage', () => {
  it('is the running mean with a decay that begins low, and copies whole numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (walk, decay) => {
          scope(() => {
            const now = state([1, 2]);
            using average = new WeightAverage(now, decay);
            let expected = 1;
            walk.forEach((value, i) => {
              now.get('weight')!.copy_([value, 2]);
              now.get('count')!.fill_(i + 1);
              average.update(i + 1);
              const d = Math.min(decay, (2 + i) / (11 + i));
              expected = d * expected + (1 - d) * value;
            });
            const [first, second] = average.stateDict().get('weight')!.dataSync();
            expect(first).toBeCloseTo(expected, 4);
            expect(second).toBeCloseTo(2, 4);
            expect(average.stateDict().get('count')!.itemSync()).toBe(walk.length);
          });
        },
      ),
    );
  });

  it('stands in the place of the weights for a while, and then no more, whatever happens', () => {
    const now = state([1, -1]).get('weight')!.requireGrad();
    using average = new WeightAverage(new Map([['weight', now]]), 0.5);
    now.copy_([3, 5]);
    expect(average.during(() => [...now.dataSync()])).toEqual([1, -1]);
    expect([...now.dataSync()]).toEqual([3, 5]);
    const attempt = () =>
      average.during(() => {
        throw new Error('no');
      });
    expect(attempt).toThrow('no');
    expect([...now.dataSync()]).toEqual([3, 5]);
    expect([...average.stateDict().get('weight')!.dataSync()]).toEqual([1, -1]);
  });

  it('outlives the scope that it is made in, and gives its memory back', () => {
    const { buffers } = currentBackend().memory;
    scope(() => {
      const weights = state([1, 2]);
      const average = scope(() => new WeightAverage(weights, 0.5));
      average.update(1);
      average[Symbol.dispose]();
    });
    expect(currentBackend().memory.buffers).toBe(buffers);
  });

  it.each([
    [new Map(), 1, /decay of at least 0 and less than 1, got 1/],
    [new Map(), Number.NaN, /decay/],
    [new Map(), '0.5', /decay/],
    [[], 0.5, /expected a Map of tensors/],
    [new Map([['x', 3]]), 0.5, /got 3 at "x"/],
  ])('refuses %o with %o', (given, decay, message) => {
    expect(() => new WeightAverage(given as never, decay as number)).toThrow(message);
  });
});
