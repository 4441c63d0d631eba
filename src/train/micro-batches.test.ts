import { describe, expect, it } from 'vitest';
import { embedding, linear, Scope, sum, type Tensor, tensor } from '../tensor/index.js';
import { treeSum } from '../util/tree-sum.js';
import { GradientTree, partsFor, shareOf } from './micro-batches.js';

const batches = (batchSize: number, gradAccumulation: number, batchParts: number) => ({
  batchSize,
  gradAccumulation,
  batchParts,
});

describe('shares', () => {
  it('are whole branches, in order', () => {
    const shares = [0, 1, 2, 3].map((rank) => shareOf(batches(24, 3, 4), { rank, size: 4 }));
    expect(shares.map(({ first, count }) => [first, count])).toEqual([
      [0, 3],
      [3, 3],
      [6, 3],
      [9, 3],
    ]);
    expect(shares[0]).toMatchObject({ total: 12, rows: 6 });
  });

  it('that cannot be equal are refused with what would help', () => {
    expect(() => shareOf(batches(24, 6, 1), { rank: 0, size: 4 })).toThrow(/Set batchParts=2\./);
    expect(partsFor(batches(24, 6, 1), 4)).toBe(2);
    expect(partsFor(batches(24, 1, 1), 8)).toBe(8);
    expect(partsFor(batches(24, 1, 8), 2)).toBe(8);
    expect(partsFor(batches(24, 4, 1), 1)).toBe(1);
  });
});

describe('the tree', () => {
  it('adds halves, and odd numbers one after the other', () => {
    const values = [1, 2 ** -53, 2 ** -53, 2 ** -53];
    expect(treeSum(values)).toBe(1 + 2 ** -52); // from the left it would be 1
    expect(treeSum(values.slice(0, 3))).toBe(1);
    expect(treeSum([5])).toBe(5);
  });

  /** Gradients of a table and a matrix, from micro-batches `from` to before `to`. */
  function gradients(table: Tensor, matrix: Tensor, from: number, to: number): void {
    const tree = new GradientTree([table, matrix], to - from);
    for (let i = from; i < to; i++) {
      using _batch = new Scope();
      const ids = tensor([i % 5, (i * 3) % 5], { dtype: 'int32' });
      const weights = tensor([Math.sin(i), Math.cos(i)], { shape: [2, 1] });
      sum(linear(embedding(table, ids).mul(weights), matrix)).backward();
      tree.added(i - from, to - from);
    }
  }

  it.each([2, 4, 6, 8, 12])('gives the bits of its branches, of %i micro-batches', (count) => {
    const make = () => ({
      table: tensor(
        Float32Array.from({ length: 15 }, (_, i) => Math.sin(i)),
        { shape: [5, 3] },
      )
        .retain()
        .requireGrad(),
      matrix: tensor(
        Float32Array.from({ length: 6 }, (_, i) => Math.cos(i)),
        { shape: [2, 3] },
      )
        .retain()
        .requireGrad(),
    });
    const whole = make();
    gradients(whole.table, whole.matrix, 0, count);
    const [left, right] = [make(), make()];
    gradients(left.table, left.matrix, 0, count / 2);
    gradients(right.table, right.matrix, count / 2, count);
    for (const name of ['table', 'matrix'] as const) {
      left[name].gradientSlot().merge(left[name], right[name].gradientSlot().lift());
      expect(right[name].hasGrad).toBe(false);
    }
    // Where a branch of one was added to another, rows have remained rows.
    const isByRows = (count & (count - 1)) === 0;
    expect(whole.table.rowGrad !== null).toBe(isByRows);
    expect(left.table.rowGrad?.rowCount).toBe(whole.table.rowGrad?.rowCount);
    for (const name of ['table', 'matrix'] as const) {
      expect(left[name].grad!.dataSync()).toEqual(whole[name].grad!.dataSync());
    }
  });
});
