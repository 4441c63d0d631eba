import { describe, expect, it } from 'vitest';
import { Tensor } from '../src/tensor/index.js';
import { ABSENT, SECTIONS } from './pytorch-names.js';
import { namesFor, pytorchTable } from './pytorch-table.js';

describe('docs/pytorch.md', () => {
  it('is what the code says: run this test with -u after a change', async () => {
    await expect(pytorchTable()).toMatchFileSnapshot('../docs/pytorch.md');
  });

  it('has something for every name, or says why not', () => {
    const names = Object.values(SECTIONS).flat();
    const missing = names.filter((name) => namesFor(name).length === 0 && !(name in ABSENT));
    expect(missing).toEqual([]);
    const both = names.filter((name) => namesFor(name).length > 0 && name in ABSENT);
    expect(both).toEqual([]);
    expect(Object.keys(ABSENT).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('has methods where PyTorch has them, and only there', () => {
    for (const name of ['histogram', 'topk', 'multinomial', 'clamp', 'logsumexp']) {
      expect(name in Tensor.prototype, name).toBe(true);
    }
    for (const name of ['concat', 'stack', 'einsum', 'arange', 'crossEntropy']) {
      expect(name in Tensor.prototype, name).toBe(false);
    }
  });
});
