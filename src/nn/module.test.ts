import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../backend/index.js';
import { empty, ones, type Tensor, tensor, withBackend, zeros } from '../tensor/index.js';
import { buffer, Dropout, Embedding, Linear, Module, parameter, Sequential } from './index.js';

class Block extends Module {
  readonly scale = parameter(ones([3]));
  readonly runningMean = buffer(zeros([3]));
  readonly inner = new Linear(3, 3);
  forward(x: Tensor): Tensor {
    return this.inner.forward(x).mul(this.scale);
  }
}

class Net extends Module {
  readonly embedding = new Embedding(5, 3);
  /** Neither learned nor saved. */
  readonly constant = ones([3]);
  readonly settings = { width: 3, names: ['a', 'b'] };
  readonly layers = [new Block(), new Block()];
  readonly heads = { main: new Linear(3, 5, { bias: false }) };
  readonly dropout = new Dropout(0.5);
  forward(ids: Tensor): Tensor {
    let x = this.embedding.forward(ids);
    for (const layer of this.layers) x = layer.forward(x);
    return this.heads.main.forward(this.dropout.forward(x));
  }
}

class Tied extends Module {
  readonly embedding = new Embedding(5, 3);
  readonly output = new Linear(3, 5);
  constructor() {
    super();
    Object.assign(this.output, { weight: this.embedding.weight });
  }
  forward(ids: Tensor): Tensor {
    return this.output.forward(this.embedding.forward(ids));
  }
}

const KEYS = [
  'embedding.weight',
  'layers.0.scale',
  'layers.0.runningMean',
  'layers.0.inner.weight',
  'layers.0.inner.bias',
  'layers.1.scale',
  'layers.1.runningMean',
  'layers.1.inner.weight',
  'layers.1.inner.bias',
  'heads.main.weight',
];

/** Copies of a module's state, as a checkpoint would hold them. */
function saved(module: Module): Map<string, Tensor> {
  return new Map([...module.stateDict()].map(([key, value]) => [key, value.detach().clone()]));
}

function values(module: Module): number[][] {
  return [...module.stateDict().values()].map((value) => [...value.dataSync()]);
}

describe('walking a module', () => {
  it('names parameters and buffers by the way to them, in order of definition', () => {
    const net = new Net();
    expect([...net.stateDict().keys()]).toEqual(KEYS);
    expect([...net.namedParameters().keys()]).toEqual(KEYS.filter((k) => !/running/.test(k)));
    expect([...net.namedBuffers().keys()]).toEqual(KEYS.filter((k) => /running/.test(k)));
    expect(net.parameters()).toHaveLength(8);
    expect(net.parameters()[0]).toBe(net.embedding.weight);
  });

  it('lists modules, itself first', () => {
    expect([...new Net().namedModules().keys()]).toEqual([
      '',
      'embedding',
      'layers.0',
      'layers.0.inner',
      'layers.1',
      'layers.1.inner',
      'heads.main',
      'dropout',
    ]);
  });

  it('lists what is shared once, and does not follow a way back to the parent', () => {
    class Child extends Module {
      parent: Module | null = null;
      readonly weight = parameter(zeros([2]));
      forward(): void {}
    }
    class Parent extends Module {
      readonly first = new Child();
      readonly again = this.first;
      constructor() {
        super();
        this.first.parent = this;
      }
      forward(): void {}
    }
    const parent = new Parent();
    expect([...parent.namedModules().keys()]).toEqual(['', 'first']);
    expect([...parent.stateDict().keys()]).toEqual(['first.weight']);
    const state = new Map([['again.weight', tensor([1, 2])]]);
    expect(parent.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
    expect([...parent.first.weight.dataSync()]).toEqual([1, 2]);
  });

  it('counts parameters by path, tied ones once', () => {
    const tied = new Tied();
    expect(tied.parameterCounts()).toEqual([
      { path: 'embedding.weight', shape: [5, 3], count: 15, trainable: true },
      { path: 'output.bias', shape: [5], count: 5, trainable: true },
    ]);
    expect(tied.parameterCount()).toBe(20);
    tied.output.requireGrad(false);
    expect(tied.parameterCount()).toBe(20);
    expect(tied.parameterCount({ trainable: true })).toBe(0);
    tied.embedding.requireGrad();
    expect(tied.parameterCount({ trainable: true })).toBe(15);
  });

  it('sets the mode of all modules', () => {
    const net = new Net();
    expect(net.eval()).toBe(net);
    expect([...net.namedModules().values()].every((module) => !module.training)).toBe(true);
    net.train();
    expect([...net.namedModules().values()].every((module) => module.training)).toBe(true);
  });

  it('drops gradients, and frees everything on dispose', () => {
    const net = new Net();
    const { backend } = net.embedding.weight;
    net
      .forward(tensor([[0, 1]], { dtype: 'int32' }))
      .sum()
      .backward();
    expect(net.parameters().every((p) => p.hasGrad)).toBe(true);
    net.zeroGrad();
    expect(net.parameters().some((p) => p.hasGrad)).toBe(false);
    const before = backend.memory.buffers;
    net.dispose();
    expect(before - backend.memory.buffers).toBe(KEYS.length);
    expect(() => net.embedding.weight.dataSync()).toThrow(/freed/);
  });

  it('freezes parameters, and drops their gradients', () => {
    const layer = new Linear(2, 2);
    layer
      .forward(ones([1, 2]))
      .sum()
      .backward();
    layer.requireGrad(false);
    expect(layer.weight.hasGrad).toBe(false);
    expect(layer.forward(ones([1, 2])).requiresGrad).toBe(false);
  });

  it('refuses a parameter that is the result of an operation', () => {
    const a = ones([2]).requireGrad();
    expect(() => parameter(a.mul(2))).toThrow(/expected a leaf/);
    expect(() => parameter(empty([2], 'int32'))).toThrow(/expected float32/);
  });
});

describe('loadStateDict', () => {
  it('restores every value', () => {
    const [a, b] = [new Net(), new Net()];
    expect(values(a)).not.toEqual(values(b));
    expect(b.loadStateDict(saved(a))).toEqual({ missing: [], unexpected: [] });
    expect(values(b)).toEqual(values(a));
  });

  it('lists all that does not fit in one error, and loads nothing', () => {
    const net = new Net();
    const before = values(net);
    const state = saved(new Net());
    state.delete('layers.0.scale');
    state.delete('heads.main.weight');
    state.set('heads.extra.weight', zeros([1]));
    state.set('embedding.weight', zeros([5, 4]));
    state.set('layers.1.scale', zeros([3], 'int32'));
    expect(() => net.loadStateDict(state)).toThrow(
      [
        'loadStateDict: the state does not fit the model; nothing was loaded',
        '  missing: layers.0.scale, heads.main.weight',
        '  unexpected: heads.extra.weight',
        '  not fitting: embedding.weight (expected float32 (5, 3), got float32 (5, 4)), layers.1.scale (expected float32 (3), got int32 (3))',
      ].join('\n'),
    );
    expect(values(net)).toEqual(before);
  });

  it('passes over missing and unexpected keys when not strict, but not a wrong shape', () => {
    const net = new Net();
    const state = new Map([
      ['layers.0.scale', tensor([7, 8, 9])],
      ['other', zeros([1])],
    ]);
    const result = net.loadStateDict(state, { strict: false });
    expect(result.unexpected).toEqual(['other']);
    expect(result.missing).toEqual(KEYS.filter((key) => key !== 'layers.0.scale'));
    expect([...net.layers[0].scale.dataSync()]).toEqual([7, 8, 9]);

    state.set('layers.0.scale', zeros([3]));
    state.set('layers.1.scale', zeros([1, 3]));
    expect(() => net.loadStateDict(state, { strict: false })).toThrow(
      /not fitting: layers.1.scale/,
    );
    expect([...net.layers[0].scale.dataSync()]).toEqual([7, 8, 9]);
  });

  it('takes a tied weight under either of its keys, or both if they agree', () => {
    const tied = new Tied();
    const bias = zeros([5]);
    const weight = ones([5, 3]);
    expect([...tied.stateDict().keys()]).toEqual(['embedding.weight', 'output.bias']);
    for (const keys of [
      ['embedding.weight'],
      ['output.weight'],
      ['embedding.weight', 'output.weight'],
    ]) {
      tied.embedding.weight.fill_(0);
      tied.loadStateDict(
        new Map([
          ...keys.map((key): [string, Tensor] => [key, weight.clone()]),
          ['output.bias', bias],
        ]),
      );
      expect(tied.embedding.weight.dataSync().every((x) => x === 1)).toBe(true);
    }
    const differing = new Map([
      ['embedding.weight', weight],
      ['output.weight', zeros([5, 3])],
      ['output.bias', bias],
    ]);
    expect(() => tied.loadStateDict(differing)).toThrow(/output.weight \(tied to embedding.weight/);
  });
});

describe('what stands in a field', () => {
  class Odd extends Module {
    readonly plain = ones([2]).requireGrad();
    readonly constant = ones([5]);
    readonly byName = new Map<string, unknown>([
      ['first', new Linear(2, 3)],
      ['scale', parameter(ones([1]))],
      ['text', 'no tensor'],
    ]);
    readonly many = new Set([new Linear(1, 1, { bias: false })]);
    cached: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.cached = x.mul(this.plain);
      return this.cached;
    }
  }

  it('is adopted where it requires a gradient, in maps and sets too; results and constants are not', () => {
    const model = new Odd();
    model.forward(ones([2]));
    expect([...model.namedParameters().keys()]).toEqual([
      'plain',
      'byName.first.weight',
      'byName.first.bias',
      'byName.scale',
      'many.0.weight',
    ]);
    expect(model.namedModules().has('byName.first')).toBe(true);
    model.dispose();
  });

  it('is refused under a key that is an object', () => {
    class Bad extends Module {
      readonly layers = new Map([[{}, new Linear(1, 1)]]);
      override forward(): void {}
    }
    expect(() => new Bad().parameters()).toThrow('layers: expected a Map of modules');
  });
});

describe('what is given', () => {
  it('to a layer, in place of a tensor or of options, is named', () => {
    const layer = new Linear(2, 2);
    const anything = layer as unknown as { forward(x: unknown): unknown };
    expect(() => anything.forward([1, 2])).toThrow('linear: expected a tensor, got an array of 2');
    expect(() => new Linear(2, 2, null as never)).toThrow('Linear: expected options');
    expect(() => new Linear(2, 2, ones([2]) as never)).toThrow('got a Tensor');
    expect(() => new Linear(2, 2, { init: 3 as never })).toThrow('init, a function, got 3');
    expect(() => new Sequential(layer, ones([2]) as never)).toThrow('expected layer 1, an object');
  });

  it('to loadStateDict was not freed, or nothing is loaded', () => {
    const layer = new Linear(2, 2);
    const before = layer.weight.dataSync();
    const freed = zeros([2]);
    freed.dispose();
    const state = new Map([
      ['weight', zeros([2, 2])],
      ['bias', freed],
    ]);
    expect(() => layer.loadStateDict(state)).toThrow('got one whose memory was freed at "bias"');
    expect(layer.weight.dataSync()).toEqual(before);
    expect(() => layer.loadStateDict([] as never)).toThrow('expected a Map of tensors by name');
  });

  it('as a weight, freed or of another backend, is named and ends nothing', () => {
    const layer = new Linear(2, 2);
    layer.weight.dispose();
    expect(() => layer.forward(ones([1, 2]))).toThrow('its memory was freed');
    const other = withBackend(
      new ReferenceBackend({ precision: 'float64' }) as never,
      () => new Linear(2, 2),
    );
    expect(() => other.forward(ones([1, 2]))).toThrow('expected tensors of one backend');
  });
});
