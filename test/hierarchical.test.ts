/** The hierarchical MLP against PyTorch, its published counts, and what it refuses. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  buildSettings,
  Hierarchical,
  type HierarchicalConfig,
  manualSeed,
  models,
  noGrad,
  Scope,
  SGD,
  scope,
  type Tensor,
  tensor,
} from '../src/index.js';
import { words } from './golden-words.js';

interface Golden {
  name: string;
  vocab: number;
  batch: number;
  config: Partial<HierarchicalConfig> & { blockSize: number };
  losses: number[];
  evaluated: number;
  end: Record<string, number>;
}

const goldens = JSON.parse(
  readFileSync(new URL('./goldens/hierarchical.json', import.meta.url), 'utf8'),
) as Golden[];

const definition = models.get('hierarchical')!;

function make(config: Partial<HierarchicalConfig>, vocabSize = 27): Hierarchical {
  const model = definition.create(definition.schema.parse(config), vocabSize);
  if (!(model instanceof Hierarchical)) throw new Error('expected a hierarchical MLP');
  return model;
}

function fill(path: string, parameter: Tensor): void {
  if (path.endsWith('norm.weight')) return; // stays 1
  const spread = path === 'embedding.weight' ? 1 : 0.4;
  parameter.copy_(
    Float64Array.from(words(path, parameter.numel), (word) => 2 * spread * (word / 2 ** 32 - 0.5)),
  );
}

describe.each(goldens)('$name', (golden) => {
  it('have PyTorch’s ten losses, its weights and statistics, and its loss in evaluation', () => {
    const { vocab, batch: B, losses } = golden;
    const T = golden.config.blockSize;
    using model = make(golden.config, vocab);
    for (const [path, parameter] of model.namedParameters()) fill(path, parameter);
    const ids = (what: string, count: number) =>
      Int32Array.from(words(what, count), (word) => word % vocab);
    const inputs = ids('inputs', losses.length * B * T);
    const targets = ids('targets', losses.length * B);
    const lossOf = (step: number) =>
      model.loss(
        tensor(inputs.subarray(step * B * T, (step + 1) * B * T), { shape: [B, T] }),
        tensor(targets.subarray(step * B, (step + 1) * B)),
      );
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    losses.forEach((wanted, step) => {
      using _step = new Scope();
      const loss = lossOf(step);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      expect(Math.abs(loss.itemSync() - wanted) / wanted).toBeLessThan(2e-6 * (step + 1));
    });
    const state = [...model.stateDict()].filter(([path]) => !path.endsWith('Tracked'));
    expect(state).toHaveLength(Object.keys(golden.end).length);
    for (const [path, value] of state) {
      const squares = scope(() => value.square().sum().itemSync());
      const wanted = golden.end[theirName(path)];
      expect(Math.abs(squares - wanted) / wanted, path).toBeLessThan(2e-5);
    }
    model.eval();
    const evaluated = scope(() => noGrad(() => lossOf(0)).itemSync());
    expect(Math.abs(evaluated - golden.evaluated) / evaluated).toBeLessThan(2e-5);
  });
});

function theirName(path: string): string {
  return path.replace('runningMean', 'running_mean').replace('runningVar', 'running_var');
}

describe('the presets', () => {
  it.each([
    ['published', 76_579],
    ['small', 22_397],
  ])('%s has %i parameters, and begins at ln V', (preset, parameters) => {
    manualSeed(1);
    const { modelConfig, data, tokenizer } = buildSettings(definition, { preset });
    expect([data, tokenizer]).toEqual(['names', 'char']);
    using model = make(modelConfig as HierarchicalConfig);
    expect(model.parameterCount()).toBe(parameters);
    expect([model.levels.length, model.receptiveField]).toEqual([3, 8]);
    const loss = scope(() => {
      const ids = tensor(Int32Array.from(words('ids', 32 * 8), (word) => word % 27));
      return model.loss(ids.alias([32, 8]), tensor(new Int32Array(32).fill(3))).itemSync();
    });
    expect(Math.abs(loss - Math.log(27))).toBeLessThan(0.1);
  });
});

it('takes another norm, or none, which brings biases', () => {
  using plain = make({ nEmbd: 10, nHidden: 68, norm: 'none' });
  expect(plain.parameterCount()).toBe(22_397 - 3 * 68);
  using layer = make({ nEmbd: 10, nHidden: 68, norm: 'layer' });
  expect(layer.parameterCount()).toBe(22_397);
});

it('refuses a window that does not fuse to one position', () => {
  const build = (overrides: Record<string, unknown>) => () =>
    buildSettings(definition, { overrides });
  expect(build({ blockSize: 6 })).toThrow(
    'blockSize: expected a power of fuse (2, 4, 8, …), so that the levels end at one position, got 6',
  );
  expect(build({ blockSize: 2, fuse: 3 })).toThrow('blockSize: expected a power of fuse (3, 9, 27');
  expect(build({ blockSize: 27, fuse: 3 })).not.toThrow();
});
