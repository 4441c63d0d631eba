import { describe, expect, it } from 'vitest';
import { models } from '../models/index.js';
import { parameter } from '../nn/index.js';
import { SGD } from '../optim/index.js';
import { buildSettings } from '../runs/config.js';
import { tensor } from '../tensor/index.js';
import { flopsPerToken } from './step-flops.js';

function flopsOf(name: string, preset: string, vocabSize: number, overrides = {}) {
  const definition = models.get(name)!;
  const settings = buildSettings(definition, { preset, overrides });
  return flopsPerToken(settings, vocabSize, definition);
}

describe('floating-point operations for a token', () => {
  it('are 6 to a weight of every matrix, and none to a table', () => {
    const [T, C, H, V] = [8, 4, 16, 50];
    const size = { blockSize: T, nEmbd: C, nHidden: H };
    expect(flopsOf('mlp', 'chars', V, size)).toBe(6 * (T * C * H + H * V));
    const published = 10 * 200 * 200 + 200 * 50_281;
    expect(flopsOf('mlp', 'published', 50_281)).toBe(6 * published);
  });

  it('count attention by the pairs that see one another', () => {
    const [T, C, L, V] = [16, 32, 3, 65];
    const size = { blockSize: T, nEmbd: C, nLayer: L, nHead: 2, batchSize: 2 };
    const matrices = L * 12 * C * C + V * C;
    const pairs = (window: number) =>
      Array.from({ length: T }, (_, i) => Math.min(window, i + 1)).reduce((a, b) => a + b) / T;
    expect(flopsOf('gpt', 'char', V, size)).toBeCloseTo(6 * matrices + 12 * L * C * pairs(T), 6);
    const narrow = flopsOf('gpt', 'char', V, { ...size, window: 4 });
    expect(narrow).toBeCloseTo(6 * matrices + 12 * L * C * pairs(4), 6);
  });

  it('are those of its convolutions too, and none for what is counted', () => {
    const size = { nEmbd: 8, nResidual: 8, nGate: 8, nSkip: 16 };
    expect(flopsOf('wavenet', 'small', 65, size)).toBeGreaterThan(6 * 65 * 16);
    expect(flopsOf('bigram', 'counted', 65)).toBe(0);
  });

  it('leave no gradient behind about which the next optimizer would complain', () => {
    flopsOf('bigram', 'learned', 65);
    const weight = parameter(tensor([1]));
    const optimizer = new SGD([weight], { lr: 0.1 });
    weight.mul(2).sum().backward();
    expect(() => optimizer.step()).not.toThrow();
    optimizer.dispose();
  });
});
