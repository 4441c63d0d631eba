import { expect, it } from 'vitest';
import { ALONE, type Combine, type Ranks } from '../distributed/ranks.js';
import { Agreement } from './agreement.js';

/** Rank 0 of two; what the other one says before each step is known, and comes when it is waited for. */
function besides(others: readonly (readonly number[])[]): Ranks {
  let round = 0;
  const reduce = (values: Float64Array, combine: Combine) => {
    others[round]!.forEach((other, i) => {
      values[i] = combine(values[i]!, other);
    });
  };
  const handOver: Ranks['handOver'] = (_given, wanted) => {
    const said = Float64Array.from(others[round++]!);
    const place = wanted[1]!;
    return () => place.backend.write(place.pointer, 'float32', said);
  };
  return { ...ALONE, size: 2, reduce, handOver };
}

it('alone is what was asked', () => {
  using agreement = new Agreement(2, ALONE);
  expect(agreement.ask([false, true])).toEqual([false, true]);
  expect(agreement.ask([false, false])).toEqual([false, false]);
});

it('of two ranks is what either said the time before, but the first time what they say now', () => {
  using agreement = new Agreement(
    2,
    besides([
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]),
  );
  expect(agreement.ask([false, false])).toEqual([false, false]);
  expect(agreement.ask([false, true])).toEqual([false, false]);
  expect(agreement.ask([false, false])).toEqual([true, true]);
  expect(agreement.ask([false, false])).toEqual([false, false]);
  agreement.end();
  using other = new Agreement(1, besides([[1]]));
  expect(other.ask([false])).toEqual([true]);
  other.end();
});

it('of many ranks is what any says now', () => {
  using agreement = new Agreement(1, { ...besides([[1]]), size: 16 });
  expect(agreement.ask([false])).toEqual([true]);
});
