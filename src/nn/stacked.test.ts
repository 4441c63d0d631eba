import { describe, expect, it } from 'vitest';
import { rand } from '../tensor/index.js';
import { stackedRows } from '../tensor/internal.js';
import { Linear, stackMatrices } from './index.js';

describe('stacked matrices', () => {
  it('are those that the layer says, or the whole', () => {
    expect(stackedRows(new Linear(4, 6, { stacked: [2, 3, 1] }).weight)).toEqual([2, 3, 1]);
    expect(stackedRows(new Linear(4, 6).weight)).toEqual([6]);
  });

  it('are of a tensor', () => {
    for (const wrong of [undefined, 8, [[1]]]) {
      expect(() => stackMatrices(wrong as never, [1])).toThrow(/stackMatrices: expected a tensor/);
    }
  });

  it.each([
    [[6], [[2, 2]]],
    [[6, 4], [[2, 2]]],
    [[6, 4], [[7, -1]]],
    [[6, 4], [[]]],
    [[6, 4], ['6']],
    [[6, 4], [null]],
  ])('%j does not hold %j', (shape, [rows]) => {
    expect(() => stackMatrices(rand(shape), rows as number[])).toThrow(/stackMatrices: expected/);
  });
});
