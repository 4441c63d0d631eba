import { describe, expect, it } from 'vitest';
import { BatchNorm1d, Linear, Sequential } from '../nn/index.js';
import { randn, tensor } from '../tensor/index.js';
import { batchDrift, populationsOf } from './batch-drift.js';

describe('batchDrift', () => {
  it('measures how far batches lie from a population, alone and together', () => {
    const norm = new BatchNorm1d(1);
    norm.runningMean.fill_(1);
    norm.runningVar.fill_(4);
    // Means 3 and −1, variances 1 and 16; together mean 1, variance over n − 1 = (2·1 + 2·16 + 4·4) / 3.
    const batches = [tensor([[2], [4]]), tensor([[-5], [3]])];
    const [[drift]] = batchDrift(norm, batches, [populationsOf(norm)]);
    expect(drift).toMatchObject({ layer: '', channels: 1 });
    expect(drift.mean).toBeCloseTo(1, 9);
    expect(drift.logVariance).toBeCloseTo(Math.log(4), 6);
    expect(drift.pooledMean).toBeCloseTo(0, 9);
    expect(drift.pooledLogVariance).toBeCloseTo(Math.log(50 / 3 / 4), 6);
  });

  it('tells of every layer against several populations, and leaves the model alone', () => {
    const model = new Sequential(new Linear(3, 4), new BatchNorm1d(4), new BatchNorm1d(4));
    model.forward(randn([8, 3]));
    const before = [...model.stateDict().values()].map((t) => [...t.dataSync()]);
    const first = populationsOf(model);
    const other = new Map(
      [...first].map(([path, { variance }]) => [path, { mean: [9, 9, 9, 9], variance }]),
    );
    const [near, far] = batchDrift(model.eval(), [randn([50, 3]), randn([50, 3])], [first, other]);
    expect(near.map(({ layer }) => layer)).toEqual(['1', '2']);
    near.forEach((drift, i) => {
      expect(far[i].mean).toBeGreaterThan(drift.mean);
      expect(far[i].logVariance).toBe(drift.logVariance);
    });
    expect([...model.stateDict().values()].map((t) => [...t.dataSync()])).toEqual(before);
    expect(model.training).toBe(false);
  });

  it('passes over channels that do not vary', () => {
    const norm = new BatchNorm1d(2);
    const [[drift]] = batchDrift(
      norm,
      [
        tensor([
          [1, 2],
          [1, 4],
        ]),
      ],
      [populationsOf(norm)],
    );
    expect(drift.logVariance).toBeCloseTo(0, 9); // of the second channel, whose variance is 1
  });
});
