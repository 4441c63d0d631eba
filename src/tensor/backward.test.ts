import { expect, it } from 'vitest';
import { watchLeaves } from './backward.js';
import { ones, type Tensor } from './index.js';

it('shows each leaf once it has all of its gradient', () => {
  const [a, b, unused] = [ones([2]), ones([2]), ones([2])].map((x) => x.requireGrad());
  const seen: [Tensor, number[]][] = [];
  const loss = a!.mul(b!).mul(a!).sum(); // a² b
  watchLeaves(
    (leaf) => seen.push([leaf, [...leaf.grad!.dataSync()]]),
    () => loss.backward(),
  );
  expect(seen).toEqual([
    [a, [2, 2]],
    [b, [1, 1]],
  ]);
  expect(unused!.grad).toBe(null);
  a!.sum().backward(); // nobody looks any more
  expect(seen.length).toBe(2);
});

it('stops showing where a backward fails', () => {
  const a = ones([2]).requireGrad();
  const seen: Tensor[] = [];
  expect(() =>
    watchLeaves(
      (leaf) => seen.push(leaf),
      () => ones([1]).backward(),
    ),
  ).toThrow();
  a.sum().backward();
  expect(seen).toEqual([]);
});
