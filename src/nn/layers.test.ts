import { beforeEach, describe, expect, it } from 'vitest';
import golden from '../../test/goldens/nn.json' with { type: 'json' };
import { backends, named } from '../../test/suites/backends.js';
import {
  noGrad,
  ones,
  RandomSource,
  rand,
  type Tensor,
  tensor,
  useBackend,
} from '../tensor/index.js';
import {
  ACTIVATION_NAMES,
  activation,
  Dropout,
  Embedding,
  Flatten,
  type GELU,
  init,
  LeakyReLU,
  Linear,
  ReLU,
  Sequential,
} from './index.js';

interface Stored {
  shape: number[];
  data: number[];
}

const make = ({ shape, data }: Stored, dtype: 'float32' | 'int32' = 'float32') =>
  tensor(dtype === 'int32' ? Int32Array.from(data) : Float64Array.from(data), { shape, dtype });

const state = (stored: Record<string, Stored>) =>
  new Map(Object.entries(stored).map(([key, value]) => [key, make(value)]));

function expectClose(actual: Tensor | null, expected: Stored): void {
  expect(actual!.shape).toEqual(expected.shape);
  const values = actual!.dataSync();
  expected.data.forEach((value, i) => {
    expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(value)));
  });
}

describe.each(named(backends))('on %s', (_, backend) => {
  beforeEach(() => useBackend(backend));

  it('Linear computes what PyTorch does, forward and backward', () => {
    const { linear } = golden;
    const layer = new Linear(4, 5);
    layer.loadStateDict(state(linear.state));
    const x = make(linear.x).requireGrad();
    const y = layer.forward(x);
    expectClose(y, linear.y);
    y.backward(make(linear.dy));
    expectClose(x.grad, linear.dx);
    expectClose(layer.weight.grad, linear.dWeight);
    expectClose(layer.bias!.grad, linear.dBias);
  });

  it('Embedding computes what PyTorch does, its gradient held by rows', () => {
    const { embedding } = golden;
    const layer = new Embedding(6, 3);
    layer.loadStateDict(state(embedding.state));
    const y = layer.forward(make(embedding.ids, 'int32'));
    expectClose(y, embedding.y);
    y.backward(make(embedding.dy));
    expect(layer.weight.rowGrad?.rowCount).toBe(4);
    expectClose(layer.weight.grad, embedding.dWeight);
  });

  it.each(ACTIVATION_NAMES)('activation("%s") is PyTorch’s', (name) => {
    const { x, y } = golden.activations;
    expectClose(activation(name).forward(make(x)), y[name]);
  });

  it('Dropout drops while training, and does nothing in evaluation', () => {
    const dropout = new Dropout(0.25, { random: new RandomSource(7) });
    const x = ones([10_000]);
    const y = dropout.forward(x).dataSync();
    const dropped = y.filter((value) => value === 0).length;
    expect(Math.abs(dropped - 2500)).toBeLessThan(5 * Math.sqrt(10_000 * 0.25 * 0.75));
    expect(y.every((value) => value === 0 || value === Math.fround(1 / 0.75))).toBe(true);
    expect(dropout.forward(x).dataSync()).not.toEqual(y);
    const same = new Dropout(0.25, { random: new RandomSource(7) });
    expect(same.forward(x).dataSync()).toEqual(y);
    expect(dropout.eval().forward(x)).toBe(x);
  });

  it('Dropout passes the gradient of what it kept', () => {
    const dropout = new Dropout(0.5, { random: new RandomSource(3) });
    const x = ones([64]).requireGrad();
    const y = dropout.forward(x);
    y.sum().backward();
    expect(x.grad!.dataSync()).toEqual(y.dataSync());
  });

  it('a stack of layers learns what none of them could alone', () => {
    const random = new RandomSource(11);
    const net = new Sequential(
      new Linear(2, 16, {
        init: (w) => init.kaimingNormal(w, { nonlinearity: 'tanh', random }),
        random,
      }),
      activation('tanh'),
      new Linear(16, 1, { random }),
    );
    const x = tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const target = tensor([[0], [1], [1], [0]]);
    const loss = () => net.forward(x).sub(target).square().mean();
    const before = noGrad(() => loss().itemSync());
    for (let step = 0; step < 300; step++) {
      net.zeroGrad();
      loss().backward();
      for (const param of net.parameters()) param.addScaled_(param.grad!, -0.2);
    }
    expect(before).toBeGreaterThan(0.2);
    expect(noGrad(() => loss().itemSync())).toBeLessThan(0.01);
  });
});

describe('layers', () => {
  it('are initialised as PyTorch’s by default', () => {
    const random = new RandomSource(5);
    const layer = new Linear(400, 300, { random });
    const bound = 1 / Math.sqrt(400);
    for (const values of [layer.weight.dataSync(), layer.bias!.dataSync()]) {
      const greatest = [...values].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(greatest).toBeLessThanOrEqual(bound);
      expect(greatest).toBeGreaterThan(0.97 * bound);
    }
    const table = new Embedding(300, 400, { random }).weight;
    expect(table.mean().itemSync()).toBeCloseTo(0, 1);
    expect(table.var().itemSync()).toBeCloseTo(1, 1);
  });

  it('take other initialisation, and no bias', () => {
    const layer = new Linear(3, 2, { init: init.ones, biasInit: init.zeros });
    expect([...layer.forward(tensor([[1, 2, 3]])).dataSync()]).toEqual([6, 6]);
    const bare = new Linear(3, 2, { bias: false });
    expect(bare.bias).toBeNull();
    expect([...bare.stateDict().keys()]).toEqual(['weight']);
    expect(new Embedding(2, 2, { init: init.ones }).weight.sum().itemSync()).toBe(4);
  });

  it('refuse sizes and probabilities that make no sense', () => {
    expect(() => new Linear(0, 2)).toThrow(
      'Linear: expected inFeatures to be a whole number of at least 1, got 0',
    );
    expect(() => new Linear(2, 1.5)).toThrow(/outFeatures/);
    expect(() => new Embedding(-1, 2)).toThrow(/numEmbeddings/);
    expect(() => new Dropout(1.1)).toThrow(
      'Dropout: expected a probability between 0 and 1, got 1.1',
    );
    expect(() => new Linear(3, 2).forward(ones([2, 4]))).toThrow(/^linear: expected/);
  });

  it('Sequential names its layers by position, and Flatten joins dimensions', () => {
    const net = new Sequential(new Flatten(), new Linear(6, 4), new ReLU(), new Linear(4, 2));
    expect([...net.stateDict().keys()]).toEqual(['1.weight', '1.bias', '3.weight', '3.bias']);
    expect(net.forward(rand([5, 3, 2])).shape).toEqual([5, 2]); // (5, 3, 2) → (5, 6) → (5, 4) → (5, 2)
    expect(new Flatten(0, 1).forward(rand([5, 3, 2])).shape).toEqual([15, 2]);
    const alone = rand([2]);
    expect(new Sequential().forward(alone)).toBe(alone);
  });

  it('finds activations by name however it is spelt, and names the nearest', () => {
    for (const name of ['leakyRelu', 'LeakyReLU', 'leaky_relu', 'leaky-relu']) {
      expect(activation(name)).toBeInstanceOf(LeakyReLU);
    }
    expect((activation('gelu_tanh') as GELU).approximate).toBe('tanh');
    expect(() => activation('relo')).toThrow(
      /^unknown activation "relo". Did you mean "relu"\? Valid names: identity, relu/,
    );
    expect(() => activation('constructor')).toThrow(/unknown activation/);
  });
});
