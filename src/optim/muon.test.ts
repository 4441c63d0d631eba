import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import golden from '../../test/goldens/muon.json' with { type: 'json' };
import { backends, named } from '../../test/suites/backends.js';
import {
  embedding,
  noGrad,
  RandomSource,
  rand,
  randn,
  scope,
  type Tensor,
  tensor,
  useBackend,
} from '../tensor/index.js';
import { stackMatrices } from '../tensor/internal.js';
import { Muon, type MuonOptions, type MuonScale } from './index.js';
import { orthogonalise } from './orthogonalise.js';

interface Stored {
  shape: number[];
  data: number[];
}
const make = ({ shape, data }: Stored) => tensor(Float64Array.from(data), { shape });

/** The first four by Muon, each of its matrices by itself; the others by AdamW. */
function optimizerOf(params: Tensor[], options: Partial<MuonOptions>, adamwLr: number): Muon {
  golden.stacked.forEach((rows, i) => void stackMatrices(params[i], rows));
  const [matrices, others] = [params.slice(0, 4), params.slice(4)];
  return new Muon([{ params: matrices }, { params: others, adamw: true, lr: adamwLr }], options);
}

const parameters = () => golden.start.map((stored) => make(stored).requireGrad());

function train(optimizer: Muon, params: readonly Tensor[], from: number, to: number): void {
  for (let step = from; step < to; step++) {
    for (const [i, param] of params.entries()) param.grad = make(golden.gradients[step][i]);
    optimizer.step();
  }
}

const bits = (params: readonly Tensor[]) => params.map((param) => [...param.dataSync()]);

describe.each(named(backends))('Muon on %s', (_, backend) => {
  beforeEach(() => useBackend(backend));

  it.each(golden.cases)(
    'takes ten steps as the published formulas do in PyTorch: $scale, Nesterov $nesterov',
    ({ after, adamwLr, scale, ...options }) => {
      const params = parameters();
      const optimizer = optimizerOf(params, { ...options, scale: scale as MuonScale }, adamwLr);
      [1, 10].forEach((steps, at) => {
        train(optimizer, params, optimizer.stepCount, steps);
        params.forEach((param, i) => {
          param.dataSync().forEach((value, j) => {
            const wanted = after[at][i].data[j];
            expect(Math.abs(value - wanted)).toBeLessThan(2e-6 * (1 + Math.abs(wanted)));
          });
        });
      });
    },
  );

  it('goes on from a saved state bit for bit', () => {
    const whole = parameters();
    const optimizer = optimizerOf(whole, { lr: 0.02 }, 0.003);
    train(optimizer, whole, 0, 4);
    const { tensors, settings } = optimizer.stateDict();
    const saved = {
      tensors: new Map([...tensors].map(([key, value]) => [key, value.detach().clone()])),
      settings: JSON.parse(JSON.stringify(settings)),
    };
    const halves = whole.map((param) => param.detach().clone().requireGrad());
    train(optimizer, whole, 4, 8);
    const second = optimizerOf(halves, { lr: 0.5, scale: 'original' }, 0.5);
    second.loadStateDict(saved);
    train(second, halves, 4, 8);
    expect(bits(halves)).toEqual(bits(whole));
  });

  it('brings singular values near 1, whatever the shape and size', () => {
    const side = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(side, side, fc.nat(), fc.integer({ min: -5, max: 15 }), (m, n, seed, power) => {
        scope(() => {
          const x = randn([m, n], { random: new RandomSource(seed) });
          const before = [...x.dataSync()];
          const y = noGrad(() => orthogonalise(x.div(x.norm()).mul(10 ** power)));
          expect([...x.dataSync()]).toEqual(before);
          // ‖y‖² is the sum of squared singular values: none above 1.3, all but the smallest above 0.6.
          const sum = y.square().sum().itemSync();
          const rank = Math.min(m, n);
          expect(sum).toBeLessThan(1.3 ** 2 * rank);
          expect(sum).toBeGreaterThan(0.6 ** 2 * Math.max(1, rank - 2));
          // u·vᵀ ascends along x: ⟨x, y⟩ is positive.
          expect(x.mul(y).sum().itemSync()).toBeGreaterThan(0);
        });
      }),
      { numRuns: 60 },
    );
    expect([...noGrad(() => orthogonalise(tensor([[0, 0]]))).dataSync()]).toEqual([0, 0]);
  });

  it('gives the same bits on any number of threads, and keeps no memory', () => {
    const before = backend.threads;
    const run = (threads: number) => {
      backend.setThreads(threads);
      const param = rand([300, 200], { random: new RandomSource(2) }).requireGrad();
      const optimizer = new Muon([param], { lr: 0.1 });
      param.grad = randn([300, 200], { random: new RandomSource(3) });
      optimizer.step();
      const { buffers } = backend.memory;
      optimizer.step();
      expect(backend.memory.buffers).toBe(buffers);
      return param.dataSync();
    };
    const one = run(1);
    if (backend.name === 'native') expect(run(3)).toEqual(one);
    backend.setThreads(before);
  });

  it('takes a gradient by rows as it takes a dense one', () => {
    const start = rand([9, 4], { random: new RandomSource(4) }).dataSync();
    const params = [0, 1].map(() => tensor(start, { shape: [9, 4] }).requireGrad());
    params.forEach((param, dense) => {
      embedding(param, tensor(Int32Array.of(3, 7, 3)))
        .square()
        .sum()
        .backward();
      if (dense) expect(param.grad).not.toBeNull();
      new Muon([param]).step({ gradScale: 0.5 });
    });
    expect(bits([params[0]])).toEqual(bits([params[1]]));
    expect(bits([params[0]])).not.toEqual([[...start]]);
  });
});

describe('what Muon refuses', () => {
  const matrix = () => rand([2, 3]).requireGrad();

  it('has a vector belong to AdamW', () => {
    const bias = rand([3]).requireGrad();
    expect(() => new Muon(new Map([['bias', bias]]))).toThrow(
      /expected parameter bias to be a matrix, got \(3\).*adamw: true/,
    );
    expect(() => new Muon([{ params: [bias], adamw: true }])).not.toThrow();
  });

  it.each([
    [{ momentum: 1 }, /momentum/],
    [{ momentum: Number.NaN }, /momentum/],
    [{ scale: 'large' }, /scale to be original or matchRmsAdamw, got "large"/],
    [{ nesterov: 1 }, /nesterov/],
    [{ adamw: 'yes' }, /adamw/],
    [{ lr: -1 }, /lr/],
    [{ betas: [1, 0] }, /betas/],
  ])('%j', (options, message) => {
    expect(() => new Muon([matrix()], options as object)).toThrow(message);
  });

  it('loads no state in which another group is AdamW’s', () => {
    const [a, b] = [matrix(), matrix()];
    const state = new Muon([{ params: [a] }, { params: [b], adamw: true }]).stateDict();
    const other = new Muon([{ params: [a], adamw: true }, { params: [b] }]);
    expect(() => other.loadStateDict(state)).toThrow(/group 0 to be AdamW's, as it is here/);
    expect(() => other.loadStateDict({} as never)).toThrow(/loadStateDict/);
  });
});
