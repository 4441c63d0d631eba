import { expect, it } from 'vitest';
import { areFactorsLess } from './factor-sum.js';
import { halvingsOf, lengthOf } from './halving.js';

it.each([
  [2, 7],
  [4, 23],
  [8, 5],
  [8, 1000],
])('%i ranks share out %i elements, each once', (size, count) => {
  const owners = new Array<number>(count).fill(-1);
  for (let rank = 0; rank < size; rank++) {
    const halvings = halvingsOf({ rank, size }, count);
    halvings.forEach(({ peer, mine, theirs }, i) => {
      expect(peer).toBe(rank ^ (2 ** i));
      expect(halvingsOf({ rank: peer, size }, count)[i]).toEqual({
        peer: rank,
        mine: theirs,
        theirs: mine,
      });
      expect(Math.abs(lengthOf(mine) - lengthOf(theirs))).toBeLessThan(2);
    });
    const [begin, end] = halvings.at(-1)!.mine;
    for (let i = begin; i < end; i++) {
      expect(owners[i]).toBe(-1);
      owners[i] = rank;
    }
  }
  expect(owners).not.toContain(-1);
});

it('factors are less of few rows against the matrix, and the more ranks, the fewer', () => {
  const output = [50_281, 200]; // of the published MLP
  expect(areFactorsLess(2, 50, output)).toBe(true);
  expect(areFactorsLess(2, 198, output)).toBe(true);
  expect(areFactorsLess(2, 200, output)).toBe(false);
  expect(areFactorsLess(1024, 40, output)).toBe(false);
  expect(areFactorsLess(2, 1, [1, 50_281])).toBe(false);
});
