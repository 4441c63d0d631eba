/**
 * Sums over parts in a tree that their number alone decides: halves, and halves of these. Who has a stretch of the parts
 * sums up the branches that lie in it; what several have is put together, and has the bits of one who has all.
 */
import type { Tensor } from '../tensor.js';

/** Parts that are a branch of the tree: a power of two of them, the first a multiple of that. */
export interface Branch {
  readonly first: number;
  readonly count: number;
}

/** The largest branches that parts [first, last) consist of, in their order. */
export function branchesIn(first: number, last: number): Branch[] {
  const branches: Branch[] = [];
  let at = first;
  while (at < last) {
    let count = 1;
    while (at % (2 * count) === 0 && at + 2 * count <= last) count *= 2;
    branches.push({ first: at, count });
    at += count;
  }
  return branches;
}

/** The sum over a branch, in the place of its first part. `make` gives what a part has. */
export function sumBranch({ first, count }: Branch, make: (part: number) => Tensor): Tensor {
  if (count === 1) return make(first);
  const half = count / 2;
  const sum = sumBranch({ first, count: half }, make);
  return sum.addScaled_(sumBranch({ first: first + half, count: half }, make), 1);
}

/** The sum over all parts, in the place of one of the sums given: those of branches that all parts consist of, in their order. */
export function joinBranches(sums: readonly { branch: Branch; sum: Tensor }[]): Tensor {
  const waiting: { branch: Branch; sum: Tensor }[] = [];
  for (let { branch, sum } of sums) {
    for (let left = waiting.at(-1); left && isFirstHalf(left.branch, branch); ) {
      sum = left.sum.addScaled_(sum, 1);
      branch = { first: left.branch.first, count: 2 * branch.count };
      waiting.pop();
      left = waiting.at(-1);
    }
    waiting.push({ branch, sum });
  }
  return waiting[0]!.sum;
}

function isFirstHalf({ first, count }: Branch, second: Branch): boolean {
  return count === second.count && first + count === second.first && first % (2 * count) === 0;
}
