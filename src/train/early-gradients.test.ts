import { expect, it } from 'vitest';
import { ALONE } from '../distributed/ranks.js';
import { ones, type Tensor } from '../tensor/index.js';
import { EarlyGradients } from './early-gradients.js';

it('hands over what was in full in the step before, once, and the rest of it at the end', () => {
  const [large, other, small] = [1 << 15, 1 << 15, 8].map((count) => ones([count]).requireGrad());
  const all = [large!, other!, small!];
  const begun: [Tensor, number][] = [];
  const begin = (tensor: Tensor, number: number) => begun.push([tensor, number]);
  const early = new EarlyGradients(all, { ...ALONE, begin });
  const step = (ready: readonly Tensor[]) => {
    for (const parameter of all) parameter.grad = ones(parameter.shape);
    begun.length = 0;
    for (const parameter of ready) early.ready(parameter);
    const before = begun.map(([, number]) => number);
    early.settle(all);
    return [before, begun.map(([, number]) => number)];
  };
  expect(step(all)).toEqual([[], []]);
  expect(step(all)).toEqual([
    [0, 1],
    [0, 1],
  ]);
  expect(step([other!, other!])).toEqual([[1], [1, 0]]);
  expect(begun[0]![0]).toBe(other!.grad);
  early.settle([]); // a step in which nothing was in full
  expect(step(all)).toEqual([[], []]);
});
