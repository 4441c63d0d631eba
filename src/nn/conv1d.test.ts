import { describe, expect, it } from 'vitest';
import { conv1d, noGrad, RandomSource, randn, scope } from '../tensor/index.js';
import { Conv1d, conv1x1, init, Linear } from './index.js';

const spread = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));

describe('Conv1d', () => {
  it('holds its weight tap by tap, drawn as PyTorch draws it', () => {
    using layer = new Conv1d(24, 32, 4, { dilation: 3, groups: 2, random: new RandomSource(3) });
    expect([...layer.namedParameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['weight', [4, 32, 12]],
      ['bias', [32]],
    ]);
    const bound = 1 / Math.sqrt(12 * 4);
    expect(spread(layer.weight.dataSync())).toBeLessThanOrEqual(bound);
    expect(spread(layer.weight.dataSync())).toBeGreaterThan(0.99 * bound);
    expect(spread(layer.bias!.dataSync())).toBeLessThanOrEqual(bound);
    expect(layer.receptiveField).toBe(10);
  });

  it('hands initialisers PyTorch’s shape', () => {
    const seen: (readonly number[])[] = [];
    using layer = new Conv1d(6, 4, 3, {
      bias: false,
      init: (weight) => {
        seen.push(weight.shape);
        return weight.copy_(Float32Array.from({ length: weight.numel }, (_, i) => i));
      },
    });
    expect(seen).toEqual([[4, 6, 3]]);
    expect(layer.bias).toBeNull();
    // Tap 1 of output 2 and input 5 is element (2, 5, 1) of PyTorch's.
    expect(layer.weight.dataSync()[1 * 24 + 2 * 6 + 5]).toBe(2 * 18 + 5 * 3 + 1);
    using wide = new Conv1d(50, 50, 8, {
      init: (weight) => init.xavierUniform(weight, { random: new RandomSource(1) }),
    });
    const bound = Math.sqrt(6 / (50 * 8 + 50 * 8));
    expect(spread(wide.weight.dataSync())).toBeLessThanOrEqual(bound);
    expect(spread(wide.weight.dataSync())).toBeGreaterThan(0.99 * bound);
  });

  it.each([
    [1, 1, 1],
    [2, 1, 1],
    [3, 4, 1],
    [4, 2, 3],
  ])(
    'fed position by position gives what it gives at once: kernel %i, dilation %i, groups %i',
    (kernel, dilation, groups) => {
      using layer = new Conv1d(6, 9, kernel, { dilation, groups });
      scope(() =>
        noGrad(() => {
          const x = randn([1, 20, 6]);
          const whole = layer.forward(x).dataSync();
          using stream = layer.startStream();
          for (let t = 0; t < 20; t++) {
            const y = stream.feed(x.narrow(1, t, 1).reshape(1, 6));
            expect(y.shape).toEqual([1, 9]);
            y.dataSync().forEach((value, c) => {
              expect(Math.abs(value - whole[t * 9 + c])).toBeLessThan(1e-5);
            });
          }
        }),
      );
    },
  );

  it('passes on what it was told', () => {
    scope(() => {
      using layer = new Conv1d(4, 6, 2, { dilation: 3, groups: 2 });
      const x = randn([2, 7, 4]);
      const y = conv1d(x, layer.weight, layer.bias, { dilation: 3, groups: 2 });
      expect(layer.forward(x).dataSync()).toEqual(y.dataSync());
    });
  });

  it('refuses sizes that cannot be', () => {
    expect(() => new Conv1d(4, 4, 0)).toThrow('kernelSize');
    expect(() => new Conv1d(4, 4, 2, { dilation: 1.5 })).toThrow('dilation');
    expect(() => new Conv1d(4, 6, 2, { groups: 4 })).toThrow(
      'Conv1d: expected groups to divide the channels, got 4 for 4 in and 6 out',
    );
  });

  it('of kernel 1 is a Linear', () => {
    using layer = conv1x1(3, 5, { bias: false });
    expect(layer).toBeInstanceOf(Linear);
    expect(layer.weight.shape).toEqual([5, 3]);
  });
});
