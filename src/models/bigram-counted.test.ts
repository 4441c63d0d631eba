import { describe, expect, it } from 'vitest';
import { tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { CountedBigram } from './bigram-counted.js';

const config = { kind: 'counted', context: 1, blockSize: 4, smoothing: 1 } as const;

describe('a counted bigram', () => {
  it('counts no id that is none, in place of another one', () => {
    const model = new CountedBigram(config as never, 3);
    for (const bad of [3, -1, 1.5, Number.NaN, 'x' as unknown as number]) {
      expect(() => model.fit([0, 1, bad, 2])).toThrow(
        /expected token ids from 0 to 2, got .* at 2|at position 2/,
      );
    }
    model.fit([0, 1, 2, 0, 1]);
    expect([...model.counts.dataSync()]).toEqual([2, 1, 1]);
    const ids = (values: number[]) =>
      tensor(Int32Array.from(values), { shape: [1, values.length] });
    expect(() => model.forward(ids([0, 3]))).toThrow(UserError);
    expect(() => model.loss(ids([0, 1]), ids([1, -1]))).toThrow(UserError);
  });

  it('refuses counts of a damaged checkpoint', () => {
    const load = (pairs: number[], counts: number[]) =>
      new CountedBigram(config as never, 3).loadStateDict(
        new Map([
          ['pairs', tensor(Int32Array.from(pairs), { shape: [counts.length, 2] })],
          ['counts', tensor(Int32Array.from(counts))],
        ]),
      );
    expect(() => load([0, 1, 2, 0], [1, 4])).not.toThrow();
    expect(() => load([0, 1, 3, 0], [1, 4])).toThrow(/expected token ids from 0 to 2, got 3/);
    expect(() => load([2, 0, 0, 1], [1, 4])).toThrow(/pairs in ascending order/);
    expect(() => load([0, 1, 0, 1], [1, 4])).toThrow(/pairs in ascending order/);
    expect(() => load([0, 1, 2, 0], [1, -4])).toThrow(/with a count above 0/);
  });
});
