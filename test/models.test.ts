/** Each model against PyTorch: ten losses in a row from the same weights and batches. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  AdamW,
  type DType,
  models,
  type Optimizer,
  Scope,
  SGD,
  type Tensor,
  tensor,
} from '../src/index.js';

interface Encoded {
  shape: number[];
  dtype: DType;
  data: string;
}

interface Golden {
  name: string;
  model: string;
  vocab: number;
  config: Record<string, unknown>;
  optimizer: { name: 'sgd' | 'adamw'; lr: number; momentum?: number; weightDecay?: number };
  labelSmoothing: number;
  start: Record<string, Encoded>;
  inputs: Encoded;
  targets: Encoded;
  losses: number[];
  end: Record<string, number>;
}

const goldens = JSON.parse(
  readFileSync(new URL('./goldens/models.json', import.meta.url), 'utf8'),
) as Golden[];

function decode({ shape, dtype, data }: Encoded): Tensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64')).buffer;
  const values = dtype === 'int32' ? new Int32Array(bytes) : new Float32Array(bytes);
  return tensor(values, { shape });
}

/** Settings that PyTorch's side does not have to know. */
const OURS: Record<string, object> = { mlp: {}, bigram: { kind: 'learned' } };

describe.each(goldens)('$name', (golden) => {
  it('has PyTorch’s ten losses and ends at its weights', () => {
    const definition = models.get(golden.model)!;
    const config = definition.schema.parse({ ...golden.config, ...OURS[golden.model] });
    const model = definition.create(config, golden.vocab);
    model.loadStateDict(
      new Map(Object.entries(golden.start).map(([name, value]) => [name, decode(value)])),
    );
    const { name, lr, momentum, weightDecay } = golden.optimizer;
    const optimizer: Optimizer =
      name === 'sgd'
        ? new SGD(model.parameters(), { lr, momentum })
        : new AdamW(model.parameters(), { lr, weightDecay });
    const inputs = decode(golden.inputs);
    const targets = decode(golden.targets);
    const losses = golden.losses.map((_, step) => {
      using _scope = new Scope();
      const x = inputs.narrow(0, step, 1);
      const y = targets.narrow(0, step, 1);
      const loss = model.loss(x.alias(x.shape.slice(1)), y.alias(y.shape.slice(1)), {
        labelSmoothing: golden.labelSmoothing,
      });
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.itemSync();
    });
    losses.forEach((loss, step) => {
      expect(Math.abs(loss - golden.losses[step]) / golden.losses[step]).toBeLessThan(
        2e-6 * (step + 1),
      );
    });
    for (const [path, value] of model.stateDict()) {
      const squares = value.square().sum().itemSync();
      expect(Math.abs(squares - golden.end[path]) / golden.end[path]).toBeLessThan(1e-5);
    }
  });
});

it('counts the published parameters', () => {
  const mlp = models.get('mlp')!;
  const model = mlp.create(mlp.schema.parse(mlp.presets['published'].model), 50_281);
  expect(model.parameterCount()).toBe(20_562_681);
  model.dispose();
});
