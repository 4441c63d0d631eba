import { expect, it } from 'vitest';
import { ALONE, type Ranks } from '../distributed/ranks.js';
import { cutByCost, Dealing, equalCut, slowest } from './dealing.js';

it('cuts into shares as equal as whole parts allow', () => {
  expect(equalCut(8, 2)).toEqual([0, 4, 8]);
  expect(equalCut(4, 4)).toEqual([0, 1, 2, 3, 4]);
});

it('gives a faster rank more parts, and every rank one', () => {
  expect(cutByCost(32, [1, 1])).toEqual([0, 16, 32]);
  expect(cutByCost(32, [1, 1.25])).toEqual([0, 18, 32]);
  expect(cutByCost(32, [1.25, 1])).toEqual([0, 14, 32]);
  expect(cutByCost(8, [1, 100, 1, 1])).toEqual([0, 3, 4, 6, 8]);
});

it('no cut is better: all others are tried', () => {
  const costs = [0.7, 1.1, 0.9];
  let best = Infinity;
  for (let first = 1; first < 15; first++) {
    for (let second = first + 1; second < 16; second++) {
      best = Math.min(best, slowest([0, first, second, 16], costs));
    }
  }
  expect(slowest(cutByCost(16, costs), costs)).toBe(best);
});

/** One of two ranks; what a part costs the other one is known. */
function oneOfTwo(other: number): Ranks {
  const reduce: Ranks['reduce'] = (values) => {
    values[1]! += other;
  };
  return { ...ALONE, size: 2, reduce };
}

it('deals out anew after some steps, by the usual step, where it is worth it', () => {
  const dealing = new Dealing(32, oneOfTwo(1));
  const steps = (count: number, perPart: number) =>
    Array.from({ length: count }, (_, i) =>
      dealing.measured(i === 3 ? 1000 : perPart * dealing.cut[1]!),
    );
  expect(steps(16, 9).filter(Boolean)).toEqual([]); // warming up
  const found = steps(32, 1.25);
  expect(found.slice(0, 31)).toEqual(Array(31).fill(null));
  expect(found[31]).toEqual([0, 14, 32]);
  dealing.cut = found[31]!;
  // Now each takes as long as the other: nothing is to be won in the next 32, and then 64.
  expect(steps(32, 1.25).filter(Boolean)).toEqual([]);
  expect(steps(63, 1).filter(Boolean)).toEqual([]);
  expect(dealing.measured(14)).toEqual([0, 16, 32]);
});
