import { expect, it } from 'vitest';
import { ALONE, type Ranks } from '../distributed/ranks.js';
import { cutByCost, Dealing, equalCut, slowest } from './dealing.js';

it('cuts into shares as equal as whole parts allow', () => {
  expect(equalCut(8, 2)).toEqual([0, 4, 8]);
  expect(equalCut(4, 4)).toEqual([0, 1, 2, 3, 4]);
});

it('gives a faster rank more parts, and every rank one', () => {
  const costs = (...perPart: number[]) => perPart.map((perPart) => ({ perPart, rest: 0 }));
  expect(cutByCost(32, costs(1, 1))).toEqual([0, 16, 32]);
  expect(cutByCost(32, costs(1, 1.25))).toEqual([0, 18, 32]);
  expect(cutByCost(32, costs(1.25, 1))).toEqual([0, 14, 32]);
  expect(cutByCost(8, costs(1, 100, 1, 1))).toEqual([0, 3, 4, 6, 8]);
  // What a rank does besides counts too.
  expect(
    cutByCost(8, [
      { perPart: 1, rest: 4 },
      { perPart: 1, rest: 0 },
    ]),
  ).toEqual([0, 2, 8]);
});

it('no cut is better: all others are tried', () => {
  const costs = [
    { perPart: 0.7, rest: 2 },
    { perPart: 1.1, rest: 2.5 },
    { perPart: 0.9, rest: 0 },
  ];
  let best = Infinity;
  for (let first = 1; first < 15; first++) {
    for (let second = first + 1; second < 16; second++) {
      best = Math.min(best, slowest([0, first, second, 16], costs));
    }
  }
  expect(slowest(cutByCost(16, costs), costs)).toBe(best);
});

/** One of two ranks; the other one's numbers are known. */
function oneOfTwo(other: readonly number[]): Ranks {
  const reduce: Ranks['reduce'] = (values) => {
    other.forEach((value, i) => {
      values[2 + i]! += value;
    });
  };
  return { ...ALONE, size: 2, reduce };
}

it('deals out anew after some steps, by the usual step, where it is worth it', () => {
  const dealing = new Dealing(32, oneOfTwo([1, 2]));
  const steps = (count: number, onParts: number) =>
    Array.from({ length: count }, (_, i) => dealing.measured(i === 3 ? 1000 : onParts, 2));
  const found = steps(8, 16 * 1.25);
  expect(found.slice(0, 7)).toEqual(Array(7).fill(null));
  expect(found[7]).toEqual([0, 14, 32]);
  dealing.cut = found[7]!;
  // Now each takes as long as the other: nothing is to be won in the next sixteen.
  expect(steps(16, 14 * 1.25).filter(Boolean)).toEqual([]);
  expect(steps(31, 14).filter(Boolean)).toEqual([]);
  expect(dealing.measured(14, 2)).toEqual([0, 16, 32]);
});
