/** Options are what they are called, or an error. */
import { describe, expect, it } from 'vitest';
import { AdamW } from '../src/optim/index.js';
import { crossEntropy, ones, rand, randn, tensor, zeros } from '../src/tensor/index.js';
import { checkOptions } from '../src/util/check.js';

interface Options {
  eps?: number;
  affine?: boolean;
}

const check = (options: unknown) => checkOptions('norm', options as Options, ['eps', 'affine']);

describe('options', () => {
  it('are taken as they come, or none at all', () => {
    expect(check(undefined)).toEqual({});
    expect(check({ eps: 1 })).toEqual({ eps: 1 });
    expect(check({ eps: undefined, other: undefined })).toEqual({ eps: undefined });
  });

  it('have the keys that there are: the nearest is named', () => {
    expect(() => check({ esp: 1 })).toThrow(
      'norm: there is no option "esp". Did you mean "eps"? Valid names: eps, affine.',
    );
    // @ts-expect-error: a list that lacks one of the keys does not compile
    expect(() => checkOptions('norm', { affine: true } as Options, ['eps'])).toThrow('affine');
  });

  it('are looked at by whatever takes any', () => {
    const wrong = { smoothing: 1 } as object;
    expect(() => crossEntropy(zeros(1, 2), [0], wrong)).toThrow(/no option "smoothing"/);
    expect(() => new AdamW([ones(2).requireGrad()], { learningRate: 1 } as object)).toThrow(
      /no option "learningRate"/,
    );
    const group = { params: [ones(2).requireGrad()], rate: 1 };
    expect(() => new AdamW([group], {})).toThrow(/AdamW: group: there is no option "rate"/);
  });
});

describe('requiresGrad', () => {
  it('makes a leaf of whatever is made', async () => {
    for (const x of [
      tensor([1, 2], { requiresGrad: true }),
      zeros(2, { requiresGrad: true }),
      ones([2], { dtype: 'float32', requiresGrad: true }),
      rand(2, { requiresGrad: true }),
      randn([2], { std: 2, requiresGrad: true }),
    ]) {
      expect(x.requiresGrad).toBe(true);
      x.mul(3).sum().backward();
      expect(await x.grad?.toArray()).toEqual([3, 3]);
    }
    expect(randn(2).requiresGrad).toBe(false);
    expect(() => randn(2, { requiresGrad: 1 as unknown as boolean })).toThrow(/true or false/);
    expect(() => zeros(2, { dtype: 'int32', requiresGrad: true })).toThrow();
  });
});
