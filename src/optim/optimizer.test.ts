import { beforeEach, describe, expect, it } from 'vitest';
import golden from '../../test/goldens/nn.json' with { type: 'json' };
import { backends, named } from '../../test/suites/backends.js';
import { type Backend, ReferenceBackend } from '../backend/index.js';
import {
  embedding,
  ones,
  RandomSource,
  rand,
  scope,
  type Tensor,
  tensor,
  useBackend,
  zeros,
} from '../tensor/index.js';
import {
  AdamW,
  type AdamWOptions,
  constant,
  type Optimizer,
  SGD,
  type SGDOptions,
} from './index.js';

interface Stored {
  shape: number[];
  data: number[];
}

const make = ({ shape, data }: Stored) => tensor(Float64Array.from(data), { shape });
const parameters = () => golden.start.map((stored) => make(stored).requireGrad());

function setGradients(params: readonly Tensor[], step: number): void {
  params.forEach((param, i) => {
    const gradient = golden.gradients[step][i];
    param.grad = gradient ? make(gradient) : null;
  });
}

type Options = Partial<SGDOptions & AdamWOptions> & { lr: number };

function optimizerOf(
  kind: string,
  params: readonly Tensor[],
  options: object,
  group?: object | null,
) {
  const given = group
    ? [{ params: params.slice(0, 2) }, { params: params.slice(2), ...group }]
    : params;
  return kind === 'SGD' ? new SGD(given, options as Options) : new AdamW(given, options);
}

function train(optimizer: Optimizer, params: readonly Tensor[], from: number, to: number) {
  for (let step = from; step < to; step++) {
    setGradients(params, step);
    optimizer.step();
  }
}

const bits = (params: readonly Tensor[]) => params.map((param) => [...param.dataSync()]);

describe.each(named(backends))('on %s', (_, backend) => {
  beforeEach(() => useBackend(backend));

  describe('against torch.optim, a parameter being without a gradient at times', () => {
    it.each(golden.optimizers)('$kind $options, a group with $group', (expected) => {
      const params = parameters();
      const optimizer = optimizerOf(expected.kind, params, expected.options, expected.group);
      const steps = [0, 1, golden.gradients.length - 1];
      golden.gradients.forEach((_gradients, step) => {
        setGradients(params, step);
        optimizer.step();
        if (!steps.includes(step)) return;
        params.forEach((param, i) => {
          const wanted = expected.after[steps.indexOf(step)][i].data;
          param.dataSync().forEach((value, j) => {
            expect(Math.abs(value - wanted[j])).toBeLessThan(2e-6 * (1 + Math.abs(wanted[j])));
          });
        });
      });
    });
  });

  describe('a gradient by rows has the same effect as a dense one', () => {
    const makers: [string, (params: Tensor[]) => Optimizer][] = [
      ['SGD', (params) => new SGD(params, { lr: 0.1 })],
      ['SGD with decay', (params) => new SGD(params, { lr: 0.1, weightDecay: 0.1 })],
      [
        'SGD with momentum and decay',
        (params) => new SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 0.1 }),
      ],
      [
        'SGD with Nesterov’s momentum',
        (params) => new SGD(params, { lr: 0.1, momentum: 0.9, nesterov: true }),
      ],
      [
        'SGD with dampened momentum',
        (params) => new SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.4 }),
      ],
      ['AdamW', (params) => new AdamW(params, { lr: 0.1 })],
      ['AdamW without decay', (params) => new AdamW(params, { lr: 0.1, weightDecay: 0 })],
    ];
    it.each(makers)('%s', (_name, makeOptimizer) => {
      const [V, C] = [13, 5];
      const start = rand([V, C], { random: new RandomSource(4) }).dataSync();
      const params = [0, 1].map(() => tensor(start, { shape: [V, C] }).requireGrad());
      const optimizers = params.map((param) => makeOptimizer([param]));
      for (let step = 0; step < 8; step++) {
        const ids = tensor(
          Int32Array.from([step, 7, 2 * step, 7, (5 * step) % V].map((i) => i % V)),
        );
        params.forEach((param, dense) => {
          param.zeroGrad();
          const scale = tensor([1, -2, 3, 0.5, step]);
          embedding(param, ids).mul(scale).square().sum().backward();
          if (dense) expect(param.grad).not.toBeNull(); // asking for it makes it dense
          expect(param.rowGrad === null).toBe(dense === 1);
          optimizers[dense].step({ gradScale: 0.25 });
        });
      }
      const [byRows, dense] = params.map((param) => param.dataSync());
      byRows.forEach((value, i) => {
        expect(Math.abs(value - dense[i])).toBeLessThan(1e-6 * (1 + Math.abs(dense[i])));
      });
      expect(byRows).not.toEqual(start);
    });
  });

  describe('state', () => {
    const cases: [string, object, object | null][] = [
      ['SGD', { lr: 0.1 }, null],
      ['SGD', { lr: 0.1, momentum: 0.9, dampening: 0.3 }, { lr: 0.3, momentum: 0 }],
      ['AdamW', { lr: 0.05 }, { weightDecay: 0, betas: [0.5, 0.9] }],
    ];
    it.each(cases)(
      '%s %j, group %j: resuming gives the bits of never having stopped',
      (kind, options, group) => {
        const whole = parameters();
        const optimizer = optimizerOf(kind, whole, options, group);
        train(optimizer, whole, 0, 4);
        const { tensors, settings } = optimizer.stateDict();
        // As through files: copies of the tensors, and JSON.
        const saved = {
          tensors: new Map([...tensors].map(([key, value]) => [key, value.detach().clone()])),
          settings: JSON.parse(JSON.stringify(settings)),
        };
        const weights = whole.map((param) => param.detach().clone().requireGrad());
        train(optimizer, whole, 4, 10);

        const other = group && { ...group, lr: 7 };
        const resumed = optimizerOf(kind, weights, { ...options, lr: 3 }, other);
        train(resumed, parameters(), 0, 0);
        resumed.loadStateDict(saved);
        expect(resumed.stepCount).toBe(4);
        expect(resumed.lr).toBe(optimizer.lr);
        train(resumed, weights, 4, 10);
        expect(bits(weights)).toEqual(bits(whole));
      },
    );

    it('goes back to its own earlier state, or to none', () => {
      const params = parameters();
      const optimizer = new AdamW(params);
      const fresh = optimizer.stateDict();
      expect(fresh.tensors.size).toBe(0);
      train(optimizer, params, 0, 3);
      optimizer.loadStateDict(optimizer.stateDict());
      expect(optimizer.stateDict().tensors.size).toBe(6);
      const before = params[0].backend.memory.buffers;
      optimizer.loadStateDict(fresh);
      expect(optimizer.stepCount).toBe(0);
      expect(optimizer.stateDict().tensors.size).toBe(0);
      expect(before - params[0].backend.memory.buffers).toBe(6);
    });

    it('survives the scope of the step that made it, and is freed by dispose', () => {
      const params = parameters();
      const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9 });
      scope(() => {
        setGradients(params, 1);
        optimizer.step();
      });
      const buffers = params[0].backend.memory.buffers;
      expect([...optimizer.stateDict().tensors.values()][0].dataSync()[0]).toBeCloseTo(
        golden.gradients[1][0]!.data[0],
        6,
      );
      optimizer.dispose();
      expect(buffers - params[0].backend.memory.buffers).toBe(3);
    });
  });

  it('takes memory in its first step only', () => {
    const params = parameters();
    const optimizer = new AdamW(params);
    setGradients(params, 1);
    optimizer.step();
    const { buffers } = backend.memory;
    for (let i = 0; i < 20; i++) optimizer.step();
    expect(backend.memory.buffers).toBe(buffers);
  });
});

describe('rates and groups', () => {
  const groups = () => {
    const [a, b, c] = parameters();
    const optimizer = new SGD(
      [{ params: [a] }, { params: [b], lr: 0.02 }, { params: [c], schedule: (step) => step / 100 }],
      { lr: 0.1 },
    );
    return { optimizer, rates: () => optimizer.groups.map(({ options }) => options.lr) };
  };

  it('setting the rate keeps the ratios, and passes over groups with a schedule', () => {
    const { optimizer, rates } = groups();
    expect(rates()).toEqual([0.1, 0.02, 0.1]);
    optimizer.lr = 0.5;
    expect(optimizer.lr).toBe(0.5);
    expect(rates()[0]).toBe(0.5);
    expect(rates()[1]).toBeCloseTo(0.1, 12);
    expect(rates()[2]).toBe(0.1);
    optimizer.lr = 0;
    optimizer.lr = 0.1;
    expect(rates()[1]).toBeCloseTo(0.02, 12); // the ratio outlives a rate of 0
    expect(() => {
      optimizer.lr = Number.NaN;
    }).toThrow(/SGD: expected lr to be a number of at least 0, got NaN/);
  });

  it('applySchedule sets all of them', () => {
    const { optimizer, rates } = groups();
    optimizer.applySchedule(constant(0.3), 5);
    expect(rates()[0]).toBe(0.3);
    expect(rates()[1]).toBeCloseTo(0.06, 12);
    expect(rates()[2]).toBe(0.05);
  });

  it('updates by the rate that is set, and lets groups change between steps', () => {
    const params = [ones([1]).requireGrad(), ones([1]).requireGrad()];
    const optimizer = new SGD([{ params: [params[0]] }, { params: [params[1]], lr: 0.25 }], {
      lr: 0.5,
    });
    for (const param of params) param.grad = ones([1]);
    optimizer.step({ gradScale: 0.5 });
    expect(bits(params)).toEqual([[0.75], [0.875]]);
    optimizer.groups[1].options.lr = 1;
    optimizer.step();
    expect(bits(params)).toEqual([[0.25], [-0.125]]);
    optimizer.groups[1].options.momentum = 0.5; // takes up momentum on the way
    optimizer.step();
    optimizer.step();
    expect(bits(params)[1]).toEqual([-0.125 - 1 - 1.5]);
    optimizer.zeroGrad();
    expect(params.some((param) => param.hasGrad)).toBe(false);
    optimizer.step();
    expect(bits(params)[1]).toEqual([-2.625]);
  });

  it('names parameters as the model does', () => {
    const named = new Map([['layer.weight', ones([2]).requireGrad()]]);
    const optimizer = new AdamW(named);
    named.get('layer.weight')!.grad = ones([2]);
    optimizer.step();
    const { tensors, settings } = optimizer.stateDict();
    expect([...tensors.keys()]).toEqual(['layer.weight.expAvg', 'layer.weight.expAvgSq']);
    expect(settings).toEqual({
      kind: 'AdamW',
      stepCount: 1,
      lr: 0.001,
      groups: [
        {
          options: { lr: 0.001, weightDecay: 0.01, betas: [0.9, 0.999], eps: 1e-8 },
          params: ['layer.weight'],
          steps: [1],
        },
      ],
    });
    expect(optimizer.parameters()).toEqual([named.get('layer.weight')]);
  });

  it('refuses what cannot be trained', () => {
    const param = ones([2]).requireGrad();
    expect(() => new SGD([], { lr: 1 })).toThrow('SGD: expected parameters, got none');
    expect(() => new SGD([param, param], { lr: 1 })).toThrow(
      /parameter 1 \(2\) is listed twice, before as 0/,
    );
    expect(() => new SGD([param.mul(2)], { lr: 1 })).toThrow(
      /expected a leaf of float32, got the result/,
    );
    expect(() => new SGD([zeros([2], 'int32')], { lr: 1 })).toThrow(/got int32/);
    const twice = [{ params: new Map([['w', param]]) }, { params: new Map([['w', ones([1])]]) }];
    expect(() => new SGD(twice, { lr: 1 })).toThrow(/different names/);
    expect(() => new SGD([{ params: [param], lr: 1 }], { lr: 0 })).toThrow(
      /must then be greater than 0/,
    );
    const elsewhere = new ReferenceBackend() as Backend;
    const before = param.backend;
    useBackend(elsewhere);
    const foreign = ones([2]);
    useBackend(before);
    expect(() => new SGD([param, foreign], { lr: 1 })).toThrow(/all parameters on one backend/);
  });

  it('refuses options out of range', () => {
    const params = parameters();
    const sgd = (options: Options) => () => new SGD(params, options);
    expect(sgd({ lr: -1 })).toThrow('SGD: expected lr to be a number of at least 0, got -1');
    expect(sgd({ lr: 1, momentum: -0.1 })).toThrow(/momentum/);
    expect(sgd({ lr: 1, weightDecay: Infinity })).toThrow(/weightDecay/);
    expect(sgd({ lr: 1, nesterov: true })).toThrow(/nesterov needs a momentum greater than 0/);
    expect(sgd({ lr: 1, nesterov: true, momentum: 0.9, dampening: 0.1 })).toThrow(/no dampening/);
    expect(() => new AdamW(params, { betas: [0.9, 1] })).toThrow(/two betas .* got \[0.9, 1\]/);
    expect(() => new AdamW(params, { eps: -1 })).toThrow(/eps/);
    expect(() => new AdamW([{ params, betas: [2, 0] }])).toThrow(/two betas/);
  });
});

describe('loadStateDict', () => {
  const trained = () => {
    const params = parameters();
    const optimizer = new AdamW(params, { lr: 0.1 });
    train(optimizer, params, 0, 2);
    return optimizer;
  };

  it('lists all that does not fit, and loads nothing', () => {
    const optimizer = trained();
    const before = optimizer.stateDict();
    const values = [...before.tensors.values()].map((value) => [...value.dataSync()]);
    const tensors = new Map(before.tensors);
    tensors.delete('0.expAvg');
    tensors.set('1.expAvgSq', zeros([5]));
    tensors.set('9.expAvg', zeros([2]));
    expect(() => optimizer.loadStateDict({ ...before, tensors })).toThrow(
      [
        'AdamW.loadStateDict: the state does not fit the optimizer; nothing was loaded',
        '  missing 0.expAvg',
        '  1.expAvgSq: expected float32 (4), got float32 (5)',
        '  unexpected 9.expAvg',
      ].join('\n'),
    );
    expect([...before.tensors.values()].map((value) => [...value.dataSync()])).toEqual(values);
  });

  it('refuses another kind, other groups, other parameters, other options, broken JSON', () => {
    const optimizer = trained();
    const { tensors, settings } = optimizer.stateDict();
    const load = (change: (copy: ReturnType<typeof optimizer.stateDict>['settings']) => void) => {
      const copy = structuredClone(settings);
      change(copy);
      return () => optimizer.loadStateDict({ tensors, settings: copy });
    };
    expect(load((s) => (s.kind = 'SGD'))).toThrow(/expected the state of AdamW, got that of SGD/);
    expect(load((s) => s.groups.push(s.groups[0]))).toThrow(
      /expected 1 groups of parameters, got 2/,
    );
    expect(load((s) => (s.groups[0].params[1] = 'other'))).toThrow(
      /group 0: missing 1\n {2}group 0: unexpected other/,
    );
    expect(load((s) => s.groups[0].steps.pop())).toThrow(/a step count for each parameter/);
    expect(load((s) => delete s.groups[0].options['eps'])).toThrow(
      /expected the options betas: number\[2\], eps: number, lr: number, weightDecay: number, got betas/,
    );
    expect(load((s) => (s.groups[0].options['eps'] = -1))).toThrow(/group 0: AdamW: expected eps/);
    expect(load((s) => (s.stepCount = 1.5))).toThrow(/stepCount/);
    expect(() => optimizer.loadStateDict({ tensors, settings: null as never })).toThrow(
      /does not fit/,
    );
    expect(optimizer.stepCount).toBe(2);
  });
});
