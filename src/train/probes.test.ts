import { describe, expect, it } from 'vitest';
import { dataset, temporaryFolder, tinyDefinition } from '../../test/suites/fixtures.js';
import type { LoadedDataset } from '../data/index.js';
import { type ModelDefinition, models } from '../models/index.js';
import type { Probe } from '../observe/index.js';
import { buildSettings, readProbes, type TensorStatistics } from '../runs/index.js';
import { manualSeed } from '../tensor/index.js';
import { startRun } from './session.js';
import { Trainer } from './trainer.js';

const data = dataset();

/** Small enough for a test, with all that is in each. */
const SIZES: Record<string, Record<string, unknown>> = {
  mlp: { nEmbd: 6, nHidden: 16, norm: 'batch', activation: 'tanh' },
  hierarchical: { nEmbd: 6, nHidden: 16 },
  wavenet: { nEmbd: 8, nResidual: 8, nGate: 8, nSkip: 8, blockSize: 16 },
  gpt: { nEmbd: 16, nHead: 2, nLayer: 2, blockSize: 16, dropout: 0.1 },
  llama: { nEmbd: 16, nHead: 2, nLayer: 2, blockSize: 16 },
};

async function train(
  definition: ModelDefinition,
  overrides: Record<string, unknown>,
  given: LoadedDataset = data,
) {
  const settings = buildSettings(definition, {
    overrides: { batchSize: 4, steps: 12, evalBatches: 2, ...overrides },
  });
  manualSeed(settings.seed);
  const model = definition.create(settings.modelConfig, given.tokenizer.vocabSize);
  const { training, seed } = settings;
  using trainer = new Trainer({ model, training, seed, data: given });
  const probes: Probe[] = [];
  const losses: number[] = [];
  trainer.on('probe', (probe) => void probes.push(probe));
  trainer.on('step', ({ loss }) => void losses.push(loss));
  await trainer.train();
  const state = [...model.stateDict()].map(([path, t]) => [path, t.dataSync()] as const);
  return { model, probes, losses, state };
}

describe('probes', () => {
  const trained = [...models.values()].filter(({ name }) => name !== 'bigram');
  it.each([...trained, tinyDefinition].map((definition) => [definition.name, definition] as const))(
    'measure %s without changing a bit of it',
    async (name, definition) => {
      const sizes = SIZES[name] ?? {};
      const plain = await train(definition, sizes);
      const { model, probes, ...probed } = await train(definition, {
        ...sizes,
        ...{ probes: true, probeInterval: 4 },
      });
      expect(probed).toEqual({ losses: plain.losses, state: plain.state });
      expect(probes.map(({ model }) => model.step)).toEqual([1, 2, 3, 4, 8, 12]);
      const [last] = probes.slice(-1);
      const paths = [...model.namedParameters().keys()];
      expect(last.model.parameters.map(({ path }) => path)).toEqual(paths);
      const of = (kind: TensorStatistics['kind']) =>
        last.tensors.tensors.filter((tensor) => tensor.kind === kind).map(({ path }) => path);
      expect(of('weight')).toEqual(paths);
      expect(of('update')).toEqual(paths);
      const activations = last.model.activations.map(({ path }) => path);
      expect(activations.length).toBeGreaterThan(2);
      expect(of('activation')).toEqual(activations);
      expect(of('gradient').length).toBeGreaterThan(paths.length);
      expect(last.model.units.length).toBeGreaterThan(0);
      expect(last.model.attention.length).toBe(/gpt|llama/.test(name) ? 2 : 0);
      expect(last.model.predictions!.tokens).toBeGreaterThan(60);
      for (const { bins, count, seen, zeros, nan, inf } of last.tensors.tensors) {
        const counted = [...bins[0].slice(1), ...bins[1].slice(1)].reduce((a, b) => a + b, 0);
        expect(counted + nan + inf).toBeCloseTo((seen ?? count) * (1 - zeros!), -1);
      }
    },
    30_000,
  );

  it('tell the true update, whatever the optimizer', async () => {
    const rate = 0.05;
    const sgd = { optimizer: 'sgd', lr: rate, probes: true, dropout: 0, gradAccumulation: 2 };
    const { probes } = await train(tinyDefinition, sgd);
    for (const { model } of probes) {
      for (const { path, updateToData, gradientToData } of model.parameters) {
        expect(updateToData, path).toBeCloseTo(gradientToData! + Math.log10(rate), 2);
      }
      const norms = model.layers.map(({ gradNorm }) => gradNorm!);
      expect(Math.hypot(...norms) / model.gradNorm!).toBeCloseTo(1, 2);
    }
    const muon = await train(tinyDefinition, { optimizer: 'muon', lr: 0.02, probes: true });
    for (const { updateToData } of muon.probes[3].model.parameters) {
      expect(updateToData).toBeGreaterThan(-4);
    }
  });

  it('store what the pattern selects, and figures of everything', async () => {
    const { probes } = await train(tinyDefinition, {
      ...{ probes: true, probePattern: ['update:*.weight', 'activation:tanh'] },
    });
    const [{ model, tensors }] = probes;
    expect(tensors.tensors.map(({ kind, path }) => `${kind}:${path}`)).toEqual([
      'activation:tanh',
      'update:embedding.weight',
      'update:hidden.weight',
      'update:output.weight',
    ]);
    expect(model.parameters).toHaveLength(5);
    expect(model.activations.map(({ path }) => path)).toEqual([
      'embedding',
      'hidden',
      'tanh',
      'dropout',
      'output',
    ]);
    expect(() =>
      buildSettings(tinyDefinition, { overrides: { probes: true, probePattern: ['what:x'] } }),
    ).toThrow(/expected a path such as/);
    expect(() => buildSettings(tinyDefinition, { overrides: { probeInterval: 3 } })).toThrow(
      /probes is false/,
    );
  });

  it('are in the run as they were told, and read back whole', async () => {
    using folder = temporaryFolder();
    const overrides = { steps: 9, probes: true };
    const settings = buildSettings(tinyDefinition, { overrides });
    const options = { folder: folder.path, definition: tinyDefinition, data };
    using session = await startRun(settings, options);
    const told: Probe[] = [];
    session.trainer.on('probe', (probe) => void told.push(probe));
    await session.trainer.train();
    const { records } = readProbes(session.run.logPath('probes'));
    expect(records).toEqual(told.flatMap(({ model, tensors }) => [model, tensors]));
    expect(told.map(({ model }) => model.step)).toEqual([1, 2, 3, 4, 6, 8]);
  });

  it('count clipped steps between records', async () => {
    const { probes } = await train(tinyDefinition, { clipNorm: 1e-3, probes: true });
    expect(probes.map(({ model }) => model.clipping)).toEqual(
      [1, 1, 1, 1, 2, 2, 3].map((steps) => ({ steps, clipped: steps })),
    );
  });
});
