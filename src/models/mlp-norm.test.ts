/** The MLP with normalisations, against PyTorch (test/goldens/norm.json) and against itself folded. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BatchNorm1d } from '../nn/index.js';
import { manualSeed, noGrad, Scope, type Tensor, tensor } from '../tensor/index.js';
import { Generator } from '../util/random.js';
import { MLP, mlp } from './index.js';

interface Values {
  shape: number[];
  data: number[];
}

interface Golden {
  config: Record<string, unknown>;
  start: Record<string, Values>;
  inputs: Values;
  targets: Values;
  losses: number[];
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('../../test/goldens/norm.json', import.meta.url), 'utf8'),
).models;

const spelt = (name: string) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

function state(values: Record<string, Values>): Map<string, Tensor> {
  return new Map(
    Object.entries(values).map(([name, { shape, data }]) => {
      const whole = name.endsWith('num_batches_tracked');
      return [spelt(name), tensor(whole ? Int32Array.from(data) : data, { shape })];
    }),
  );
}

describe.each(goldens)('$config.norm $config.normPosition, residual $config.residual', (golden) => {
  it('has PyTorch’s ten training losses, and its loss in evaluation', () => {
    const model = new MLP(mlp.schema.parse(golden.config), 11);
    model.loadStateDict(state(golden.start));
    const [steps, B, T] = golden.inputs.shape;
    for (let step = 0; step < steps; step++) {
      using _step = new Scope();
      const ids = Int32Array.from(golden.inputs.data.slice(step * B * T, (step + 1) * B * T));
      const next = Int32Array.from(golden.targets.data.slice(step * B, (step + 1) * B));
      model.train(step < 10);
      const loss = model.loss(tensor(ids, { shape: [B, T] }), tensor(next, { shape: [B] }));
      const relative = Math.abs(loss.itemSync() / golden.losses[step] - 1);
      expect(relative, `step ${step}`).toBeLessThan(2e-6 * (step + 1));
      if (!model.training) break;
      model.zeroGrad();
      loss.backward();
      for (const p of model.parameters()) p.addScaled_(p.grad!, -0.2);
    }
  });
});

function windows(seed: number, B: number): Tensor {
  const random = new Generator(seed, 0);
  return tensor(
    Int32Array.from({ length: B * 4 }, () => random.nextUint32() % 30),
    { shape: [B, 4] },
  );
}

describe('folding', () => {
  const settings = { blockSize: 4, nEmbd: 6, nHidden: 24, nLayer: 3, norm: 'batch' };

  it.each([{}, { hiddenBias: true, residual: true, activation: 'tanh' }])(
    'gives the same logits to 1e-5, %o',
    (more) => {
      manualSeed(3);
      const model = new MLP(mlp.schema.parse({ ...settings, ...more }), 30);
      for (let step = 0; step < 30; step++) {
        using _step = new Scope();
        const x = windows(step, 32);
        model.zeroGrad();
        model.loss(x, x.narrow(1, 0, 1).reshape(32)).backward(); // the first token again
        for (const p of model.parameters()) p.addScaled_(p.grad!, -0.5);
      }
      model.eval();
      const folded = model.folded();
      expect([...folded.namedModules().keys()].some((path) => path.endsWith('norm'))).toBe(false);
      expect(folded.training).toBe(false);
      const x = windows(99, 200);
      const [wanted, got] = [model, folded].map((m) => noGrad(() => m.forward(x)).dataSync());
      const spread = Math.max(...wanted) - Math.min(...wanted);
      expect(spread).toBeGreaterThan(2); // it has learned something
      wanted.forEach((value, i) => {
        expect(Math.abs(got[i] - value)).toBeLessThan(1e-5);
      });
    },
  );

  it('refuses what cannot be folded', () => {
    const make = (more: object) => new MLP(mlp.schema.parse({ ...settings, ...more }), 30);
    expect(() => make({ norm: 'layer' }).folded()).toThrow(
      'fold: expected norm=batch before the activation (normPosition=before), got norm=layer before it',
    );
    expect(() => make({ normPosition: 'after' }).folded()).toThrow(/norm=batch after it/);
    expect(() => make({ normInference: 'batch' }).folded()).toThrow(/not constants/);
  });
});

describe('settings of a normalisation', () => {
  it('reach the layer', () => {
    const config = mlp.schema.parse({
      norm: 'batch',
      normMomentum: 0.01,
      normStatistics: 'precise',
      normInference: 'batch',
      normVirtualBatch: 16,
      normEps: 0.1,
    });
    const norm = new MLP(config, 10).hidden[0].norm as BatchNorm1d;
    expect(norm).toMatchObject({
      eps: 0.1,
      momentum: 0.01,
      statistics: 'precise',
      inference: 'batch',
      virtualBatchSize: 16,
    });
  });

  it('refuse groups that do not divide the channels', () => {
    const config = mlp.schema.parse({ norm: 'group', normGroups: 7 });
    expect(() => new MLP(config, 10)).toThrow(
      'normGroups=7: expected a number of groups that divides the 200 channels.',
    );
  });
});
