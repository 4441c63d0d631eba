import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exact, property } from '../../test/suites/gradcheck.suite.js';
import { numel, type Shape } from '../util/shape.js';
import { full, type Nested, ones, scope, tensor, withBackend, zeros } from './index.js';

describe('tensor', () => {
  it('comes from nested arrays and goes back to them', async () => {
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    const nest = (sizes: number[], next: () => number): Nested =>
      sizes.length === 0
        ? next()
        : Array.from({ length: sizes[0] }, () => nest(sizes.slice(1), next));
    await fc.assert(
      fc.asyncProperty(shape, async (sizes) => {
        let count = 0;
        const nested = nest(sizes, () => count++);
        const x = tensor(nested);
        // What follows an empty dimension cannot be seen in nested arrays.
        const empty = sizes.indexOf(0);
        expect(x.shape).toEqual(empty < 0 ? sizes : sizes.slice(0, empty + 1));
        expect(await x.toArray()).toEqual(nested);
        x.dispose();
      }),
    );
  });

  it('takes the type of flat arrays', () => {
    scope(() => {
      expect(tensor(Float64Array.of(1.5)).dtype).toBe('float32');
      expect(tensor(Uint16Array.of(7, 8), { shape: [2, 1] }).toString()).toBe(
        'tensor([[7],\n        [8]], shape (2, 1), int32)',
      );
      expect(tensor(Uint32Array.of(7), { dtype: 'float32' }).dataSync()).toEqual(
        Float32Array.of(7),
      );
      expect(tensor([1, 2], { dtype: 'int32' }).dataSync()).toEqual(Int32Array.of(1, 2));
      expect(tensor([]).shape).toEqual([0]);
      expect(tensor(5).shape).toEqual([]);
    });
  });

  it('names what does not fit', () => {
    scope(() => {
      expect(() => tensor([[1, 2], [3]])).toThrow(
        'tensor: expected nested arrays of one length at each depth, got 1 entries at depth 1',
      );
      expect(() => tensor([1, [2]])).toThrow(/^tensor: expected nested arrays of one length/);
      expect(() => tensor([[1], 2])).toThrow('tensor: expected nested arrays of one depth');
      expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
        'tensor: expected 4 values for shape (2, 2), got 3',
      );
      expect(() => zeros([2, -1])).toThrow(
        'zeros: expected sizes that are whole numbers of at least 0, got (2, -1)',
      );
      expect(() => ones([1.5])).toThrow('got (1.5)');
      expect(() => tensor([1]).requireGrad().add(1).requireGrad()).toThrow(
        'requireGrad: expected a leaf, got the result of an operation; detach() it first',
      );
      expect(() => zeros([1], 'int32').requireGrad()).toThrow(
        'requireGrad: expected float32, got int32',
      );
    });
  });
});

describe('values', () => {
  it('are read as they are, in either precision', async () => {
    scope(() => {
      const x = full([2], 0.1);
      expect([...x.dataSync()]).toEqual([Math.fround(0.1), Math.fround(0.1)]);
    });
    withBackend(exact, () => scope(() => expect(full([], 0.1).itemSync()).toBe(0.1)));
    const y = ones([2, 2]).mul(3);
    expect(await y.data()).toEqual(Float32Array.of(3, 3, 3, 3));
    expect(await y.sum().item()).toBe(12);
    await expect(y.item()).rejects.toThrow('item: expected one element, got shape (2, 2)');
    y.dispose();
  });

  it('are changed in place', () => {
    scope(() => {
      const x = zeros([3]).fill_(2);
      x.addScaled_(tensor([1, 2, 3]), 0.5).scale_(2);
      expect([...x.dataSync()]).toEqual([5, 6, 7]);
      x.copy_([1, 2, 3]);
      expect([...x.copy_(x.clone().scale_(-1)).dataSync()]).toEqual([-1, -2, -3]);
      expect(() => x.copy_([1])).toThrow('copy_: expected 3 values for shape (3), got 1');
      expect(() => x.copy_(zeros([2]))).toThrow(
        'copy_: expected a tensor of float32 (3), got float32 (2)',
      );
      expect(() => x.addScaled_(zeros([1]), 1)).toThrow(
        'addScaled_: expected a tensor of float32 (3), got float32 (1)',
      );
      expect(() => zeros([1], 'int32').scale_(2)).toThrow(
        'scale_: expected a float32 tensor, got int32 of shape (1)',
      );
    });
  });

  it('are copied from one backend to another', () => {
    scope(() => {
      const x = zeros([2]);
      const y = withBackend(exact, () => tensor([1.5, 2.5]));
      expect([...x.copy_(y).dataSync()]).toEqual([1.5, 2.5]);
    });
  });

  it('have a size in each dimension', () => {
    scope(() => {
      const x = zeros([2, 3]);
      expect([x.ndim, x.numel, x.size(0), x.size(-1)]).toEqual([2, 6, 2, 3]);
      expect(() => x.size(2)).toThrow('size: expected a dimension from -2 to 1, got 2');
    });
  });

  it('are cloned, and detached without a copy', () => {
    property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }), (shape: Shape) => {
      scope(() => {
        const x = full(shape, 3).requireGrad();
        expect(x.detach().storage).toBe(x.storage);
        expect(x.detach().requiresGrad).toBe(false);
        const copy = x.clone();
        x.fill_(0);
        expect([...copy.dataSync()]).toEqual(new Array(numel(shape)).fill(3));
      });
    });
  });
});

describe('another shape of the same memory', () => {
  const x = zeros([4]);

  it('is of whole sizes, of which none is negative, though their product would fit', () => {
    for (const shape of [[-1, -3], [2.5, 1], ['2', 2], 2, null]) {
      expect(() => x.alias(shape as never)).toThrow(/Tensor: expected (a shape|sizes)/);
      expect(() => x.empty(shape as never)).toThrow(/empty: expected (a shape|sizes)/);
    }
    expect(() => x.alias([1], 0.5)).toThrow('from element 0.5 on');
    expect(() => x.empty([1], 'float64' as never)).toThrow('empty: expected the dtype');
  });
});
