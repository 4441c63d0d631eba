/** The normalisation layers against PyTorch (test/goldens/norm.json, made by norm.py beside it). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { backends, named } from '../../test/suites/backends.js';
import { noGrad, ones, randn, type Tensor, tensor, withBackend, zeros } from '../tensor/index.js';
import {
  BatchNorm1d,
  type BatchNorm1dOptions,
  GroupNorm,
  type Layer,
  LayerNorm,
  type LayerNormOptions,
  RMSNorm,
} from './index.js';

interface Values {
  shape: number[];
  data: number[];
}

interface Pass {
  x: Values;
  y: Values;
  dy: Values;
  dx: Values;
  gradients: Record<string, Values>;
}

interface Golden {
  layers: (Pass & {
    kind: 'LayerNorm' | 'RMSNorm' | 'GroupNorm';
    options: LayerNormOptions & { groups: number };
    state: Record<string, Values>;
  })[];
  batch: {
    options: BatchNorm1dOptions;
    start: Record<string, Values>;
    steps: (Pass & { state: Record<string, Values> })[];
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../test/goldens/norm.json', import.meta.url), 'utf8'),
);

const NAMES: Record<string, string> = {
  running_mean: 'runningMean',
  running_var: 'runningVar',
  num_batches_tracked: 'numBatchesTracked',
};

function state(values: Record<string, Values>): Map<string, Tensor> {
  return new Map(
    Object.entries(values).map(([name, { shape, data }]) => {
      const dtype = name === 'num_batches_tracked' ? 'int32' : 'float32';
      return [
        NAMES[name] ?? name,
        tensor(dtype === 'int32' ? Int32Array.from(data) : data, { shape }),
      ];
    }),
  );
}

function expectClose(actual: Tensor | null, expected: Values, within = 2e-5): void {
  expect(actual?.shape).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.data.map(Math.abs));
  actual!.doublesSync().forEach((value, i) => {
    expect(Math.abs(value - expected.data[i]), `element ${i}`).toBeLessThan(within * scale);
  });
}

function checkPass(layer: Layer, pass: Pass): void {
  const x = tensor(pass.x.data, { shape: pass.x.shape }).requireGrad();
  layer.zeroGrad();
  const y = layer.forward(x);
  expectClose(y, pass.y);
  y.backward(tensor(pass.dy.data, { shape: pass.dy.shape }));
  expectClose(x.grad, pass.dx);
  const parameters = layer.namedParameters();
  expect([...parameters.keys()].sort()).toEqual(Object.keys(pass.gradients).sort());
  for (const [name, gradient] of Object.entries(pass.gradients)) {
    expectClose(parameters.get(name)!.grad, gradient);
  }
}

const groupNorm = (channels: number, { groups, ...options }: { groups: number }) =>
  new GroupNorm(groups, channels, options);

describe.each(named(backends))('on %s', (_, backend) => {
  const on = (body: () => void) => () => withBackend(backend, body);

  golden.layers.forEach(({ kind, options, state: saved, ...pass }, i) => {
    it(
      `${kind} ${JSON.stringify(options)} of (${pass.x.shape}) is PyTorch’s (${i})`,
      on(() => {
        const channels = pass.x.shape.at(-1)!;
        const layer =
          kind === 'LayerNorm'
            ? new LayerNorm(channels, options)
            : kind === 'RMSNorm'
              ? new RMSNorm(channels, options)
              : groupNorm(channels, options);
        layer.loadStateDict(state(saved));
        checkPass(layer, pass);
      }),
    );
  });

  for (const { options, start, steps } of golden.batch) {
    it(
      `BatchNorm1d ${JSON.stringify(options)} of (${steps[0].x.shape}) is PyTorch’s, step by step`,
      on(() => {
        const layer = new BatchNorm1d(steps[0].x.shape.at(-1)!, options);
        layer.loadStateDict(state(start));
        steps.forEach((step, i) => {
          layer.train(i < 4);
          checkPass(layer, step);
          const after = layer.stateDict();
          expect(after.size).toBe(Object.keys(step.state).length);
          for (const [name, values] of Object.entries(step.state)) {
            expectClose(after.get(NAMES[name] ?? name)!, values);
          }
        });
      }),
    );
  }
});

describe('LayerNorm, RMSNorm and GroupNorm', () => {
  it('start as the identity up to normalisation, and can be without parameters', () => {
    expect([...new LayerNorm(4).stateDict().keys()]).toEqual(['weight', 'bias']);
    expect([...new LayerNorm(4, { bias: false }).stateDict().keys()]).toEqual(['weight']);
    for (const layer of [
      new LayerNorm(4, { affine: false }),
      new RMSNorm(4, { affine: false }),
      new GroupNorm(2, 4, { affine: false }),
    ]) {
      expect(layer.stateDict().size).toBe(0);
      expect(layer.forward(randn([3, 4])).shape).toEqual([3, 4]);
    }
  });

  it('refuse sizes that make no sense', () => {
    expect(() => new LayerNorm(0)).toThrow(/LayerNorm: expected channels/);
    expect(() => new RMSNorm(1.5)).toThrow(/RMSNorm: expected channels/);
    expect(() => new GroupNorm(3, 4)).toThrow(
      'GroupNorm: expected groups that divide the channels, got 3 groups of 4 channels',
    );
    expect(() => new GroupNorm(2, 4).forward(ones([2, 3, 4, 4]))).toThrow(
      /GroupNorm: expected x \(B, 4\) or \(B, T, 4\)/,
    );
  });
});

describe('BatchNorm1d', () => {
  /** One training batch through a fresh layer: its population statistics. */
  const population = (options: BatchNorm1dOptions, ...batches: Tensor[]) => {
    const layer = new BatchNorm1d(2, options);
    for (const x of batches) layer.forward(x);
    return [...layer.runningMean.dataSync(), ...layer.runningVar.dataSync()];
  };
  const a = tensor([
    [0, 1],
    [2, 5],
  ]);
  const b = tensor([
    [4, 0],
    [8, 1],
  ]);

  it('virtual batches are normalised, and counted, as batches of their own', () => {
    const both = tensor([
      [0, 1],
      [2, 5],
      [4, 0],
      [8, 1],
    ]);
    const ghost = new BatchNorm1d(2, { virtualBatchSize: 2 });
    const plain = new BatchNorm1d(2);
    const y = ghost.forward(both).dataSync();
    expect([...y]).toEqual([...plain.forward(a).dataSync(), ...plain.forward(b).dataSync()]);
    expect(population({ virtualBatchSize: 2 }, both)).toEqual(population({}, a, b));
    expect(ghost.numBatchesTracked.itemSync()).toBe(2);
    expect(population({ virtualBatchSize: 9 }, both)).toEqual(population({}, both));
  });

  it('a remainder is normalised by itself, and gradients come through', () => {
    const ghost = new BatchNorm1d(3, { virtualBatchSize: 2 });
    const x = randn([5, 2, 3]).requireGrad();
    ghost.forward(x).square().sum().backward();
    const last = new BatchNorm1d(3);
    const alone = x.detach().narrow(0, 4, 1);
    const y = noGrad(() => ghost.forward(x)).narrow(0, 4, 1);
    expect([...y.dataSync()]).toEqual([...last.forward(alone).dataSync()]);
    expect(x.grad!.shape).toEqual([5, 2, 3]);
  });

  it('evaluation by population or by batch leaves the population alone', () => {
    const layer = new BatchNorm1d(2);
    layer.forward(a);
    const before = [...layer.stateDict().values()].map((t) => [...t.dataSync()]);
    layer.eval();
    const byPopulation = layer.forward(b).dataSync();
    layer.inference = 'batch';
    const byBatch = layer.forward(b).dataSync();
    expect([...byBatch]).toEqual([...new BatchNorm1d(2).forward(b).dataSync()]);
    expect([...byPopulation]).not.toEqual([...byBatch]);
    expect([...layer.stateDict().values()].map((t) => [...t.dataSync()])).toEqual(before);
    expect([...layer.forward(a.narrow(0, 0, 1)).dataSync()]).toEqual([0, 0]); // one sample is its own mean
  });

  it('frozen: the population’s statistics in training too, held, without a gradient through them', () => {
    const layer = new BatchNorm1d(2);
    layer.forward(a);
    layer.forward(b);
    const evaluated = layer.eval().forward(a).dataSync();
    layer.train().freeze();
    const x = a.detach().clone().requireGrad();
    const y = layer.forward(x);
    expect(y.dataSync()).toEqual(evaluated);
    const before = layer.runningVar.dataSync();
    y.sum().backward();
    layer.forward(b);
    expect(layer.runningVar.dataSync()).toEqual(before);
    const slope = 1 / Math.sqrt(before[0] + 1e-5);
    expect(x.grad!.dataSync()[0]).toBeCloseTo(slope, 6); // of batch statistics, Σ y has none
    expect(layer.weight!.hasGrad).toBe(true);
    layer.freeze({ affine: true });
    expect(layer.parameterCount({ trainable: true })).toBe(0);
    expect(layer.weight!.hasGrad).toBe(false);
  });

  it('precise: training leaves the population alone', () => {
    expect(population({ statistics: 'precise' }, a, b)).toEqual([0, 0, 1, 1]);
  });

  it('starts over when told to', () => {
    const layer = new BatchNorm1d(2, { statistics: 'cumulative' });
    layer.forward(a);
    layer.resetStatistics();
    expect(layer.numBatchesTracked.itemSync()).toBe(0);
    layer.forward(b);
    expect([...layer.runningMean.dataSync()]).toEqual([6, 0.5]);
    expect([...layer.runningVar.dataSync()]).toEqual([8, 0.5]);
  });

  it('names what does not fit', () => {
    expect(() => new BatchNorm1d(2).forward(zeros([4, 3]))).toThrow(
      'BatchNorm1d: expected x (B, 2) or (B, T, 2), got (4, 3)',
    );
    expect(() => new BatchNorm1d(2).forward(zeros([1, 2]))).toThrow(
      "BatchNorm1d: expected more than one sample for each channel's variance, got (1, 2)",
    );
    expect(() => new BatchNorm1d(2, { momentum: 2 })).toThrow(/momentum between 0 and 1/);
    expect(() => new BatchNorm1d(2, { virtualBatchSize: -1 })).toThrow(/virtualBatchSize/);
    const statistics = 'exact' as unknown as 'precise';
    expect(() => new BatchNorm1d(2, { statistics })).toThrow(
      'BatchNorm1d: expected statistics to be one of ema, cumulative, precise, frozen, got "exact"',
    );
  });
});
