import { describe, expect, it } from 'vitest';
import { concat, defaultRandom, noGrad, randn, type Tensor } from '../tensor/index.js';
import {
  BatchNorm1d,
  Conv1d,
  Dropout,
  foldBatchNorm,
  Linear,
  recomputeStatistics,
  Sequential,
  Tanh,
} from './index.js';

/** Mean and variance over n − 1 of each channel of x (…, C). */
function momentsOf(x: Tensor): { mean: number[]; variance: number[] } {
  const C = x.size(-1);
  const values = x.doublesSync();
  const columns = Array.from({ length: C }, (_, c) => [...values].filter((_, i) => i % C === c));
  const mean = columns.map((column) => column.reduce((a, b) => a + b, 0) / column.length);
  const variance = columns.map(
    (column, c) => column.reduce((sum, v) => sum + (v - mean[c]) ** 2, 0) / (column.length - 1),
  );
  return { mean, variance };
}

function expectClose(actual: Tensor, expected: readonly number[]): void {
  actual.doublesSync().forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 5);
  });
}

describe('recomputeStatistics', () => {
  it('pools the samples of all batches, of whatever size', () => {
    const batches = [randn([5, 3], { mean: 4 }), randn([9, 3], { std: 3 }), randn([2, 7, 3])];
    const norm = new BatchNorm1d(3);
    expect(recomputeStatistics(norm, batches)).toBe(3);
    const { mean, variance } = momentsOf(
      concat(
        batches.map((x) => x.reshape(-1, 3)),
        0,
      ),
    );
    expectClose(norm.runningMean, mean);
    expectClose(norm.runningVar, variance);
    // An average of the batches' variances would leave out how far their means lie apart.
    const average = batches.map((x) => momentsOf(x).variance[0]).reduce((a, b) => a + b, 0) / 3;
    expect(Math.abs(norm.runningVar.dataSync()[0] - average)).toBeGreaterThan(0.5);
    expect(norm.numBatchesTracked.itemSync()).toBe(0);
  });

  it('sends the batches through as in training, and leaves all but the statistics as it was', () => {
    const [first, second] = [new BatchNorm1d(4), new BatchNorm1d(2)];
    const model = new Sequential(
      ...[new Linear(3, 4), first, new Tanh(), new Dropout(0.5), new Linear(4, 2), second],
    );
    model.eval();
    first.train();
    const batches = [randn([6, 3]), randn([6, 3])];
    const weights = model.parameters().map((p) => [...p.dataSync()]);
    const random = defaultRandom.state();
    expect(recomputeStatistics(model, batches)).toBe(2);
    expect(defaultRandom.state()).toEqual(random);
    expect(model.parameters().map((p) => [...p.dataSync()])).toEqual(weights);
    expect([model.training, first.training, second.training]).toEqual([false, true, false]);

    // By hand: with the same dropout, what comes to the second norm is normalised by batch before.
    model.train();
    const seen = batches.map((x) =>
      noGrad(() => {
        let y = x;
        for (let i = 0; i < 5; i++) y = model[i].forward(y);
        return y;
      }),
    );
    const { mean, variance } = momentsOf(concat(seen, 0));
    expectClose(second.runningMean, mean);
    expectClose(second.runningVar, variance);
  });

  it('counts the parts of virtual batches as what they are', () => {
    const x = randn([8, 2], { mean: 3 });
    const norm = new BatchNorm1d(2, { virtualBatchSize: 4, statistics: 'precise' });
    recomputeStatistics(norm, [x]);
    expectClose(norm.runningMean, momentsOf(x).mean);
    expectClose(norm.runningVar, momentsOf(x).variance);
  });

  it('asks for batches, unless there is nothing to do', () => {
    expect(recomputeStatistics(new Linear(2, 2), [])).toBe(0);
    expect(() => recomputeStatistics(new BatchNorm1d(2), [])).toThrow(/at least one batch/);
    const norm = new BatchNorm1d(2);
    expect(() => recomputeStatistics(norm, [randn([3, 4])])).toThrow(/BatchNorm1d/);
    norm.forward(randn([4, 2])); // no observer is left behind
    expect(norm.numBatchesTracked.itemSync()).toBe(1);
  });
});

describe('foldBatchNorm', () => {
  it.each([true, false])('gives the same outputs, with affine %s', (affine) => {
    const linear = new Linear(5, 4, { bias: affine });
    const norm = new BatchNorm1d(4, { affine, eps: 1e-3 });
    for (let i = 0; i < 20; i++) norm.forward(linear.forward(randn([16, 5], { mean: 1 })));
    norm.weight?.copy_([2, -1, 0.5, 3]);
    norm.bias?.copy_([1, 2, 3, -4]);
    norm.eval();
    const folded = foldBatchNorm(linear, norm);
    const x = randn([32, 5], { mean: 1 });
    const expected = norm.forward(linear.forward(x)).dataSync();
    folded
      .forward(x)
      .dataSync()
      .forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
      });
  });

  it.each([
    { groups: 1, bias: true },
    { groups: 2, bias: false },
  ])('gives the same outputs for a convolution, %o', (options) => {
    const conv = new Conv1d(6, 4, 3, { dilation: 2, ...options });
    const norm = new BatchNorm1d(4, { eps: 1e-3 });
    for (let i = 0; i < 20; i++) norm.forward(conv.forward(randn([8, 9, 6], { mean: 1 })));
    norm.weight!.copy_([2, -1, 0.5, 3]);
    norm.bias!.copy_([1, 2, 3, -4]);
    norm.eval();
    const x = randn([8, 9, 6], { mean: 1 });
    const expected = norm.forward(conv.forward(x)).dataSync();
    const folded = foldBatchNorm(conv, norm);
    expect(folded).toMatchObject({ dilation: 2, groups: options.groups });
    folded
      .forward(x)
      .dataSync()
      .forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
      });
  });

  it('refuses what cannot be folded', () => {
    expect(() => foldBatchNorm(new Linear(2, 3), new BatchNorm1d(2))).toThrow(
      "foldBatchNorm: expected a norm of the layer's 3 outputs, got one of 2",
    );
    const norm = new BatchNorm1d(3, { inference: 'batch' });
    expect(() => foldBatchNorm(new Linear(2, 3), norm)).toThrow(/not constants/);
  });
});
