import { describe, expect, it } from 'vitest';
import { type LanguageModel, type ModelDefinition, mlp } from '../src/models/index.js';
import { type BatchNorm1d, batchNormsOf, recomputeStatistics } from '../src/nn/index.js';
import { drawnBatches } from '../src/observe/population.js';
import { buildSettings } from '../src/runs/config.js';
import { resumeRun, startRun } from '../src/train/session.js';
import { dataset, temporaryFolder } from './suites/fixtures.js';

const data = dataset();
const definition = mlp as unknown as ModelDefinition;
const SEED = 5;

function settings(overrides: Record<string, unknown>) {
  return buildSettings(definition, {
    preset: 'chars',
    overrides: {
      ...{ steps: 40, warmupSteps: 0, schedule: 'constant', minLr: undefined, seed: SEED },
      ...{ blockSize: 4, nEmbd: 6, nHidden: 16, nLayer: 2, norm: 'batch', batchSize: 8 },
      ...{ evalInterval: 7, evalBatches: 4, checkpointInterval: 11, preciseBatches: 3 },
      ...overrides,
    },
  });
}

const valuesOf = (model: LanguageModel) =>
  new Map([...model.stateDict()].map(([name, tensor]) => [name, [...tensor.dataSync()]]));

const firstNorm = (model: LanguageModel): BatchNorm1d => [...batchNormsOf(model).values()][0];

const MODES = {
  ema: { normStatistics: 'ema' },
  cumulative: { normStatistics: 'cumulative' },
  precise: { normStatistics: 'precise' },
  'frozen midway': { normStatistics: 'frozen', freezeNormAt: 20 },
  'frozen with gain and shift': {
    normStatistics: 'frozen',
    freezeNormAt: 22,
    freezeNormAffine: true,
  },
  'virtual batches': { normVirtualBatch: 4 },
};

describe.each(Object.entries(MODES))('%s', (_, mode) => {
  it('resumes bit for bit after breaks, population included', async () => {
    using folder = temporaryFolder();
    const start = { folder: folder.path, definition, data };
    let whole: ReturnType<typeof valuesOf>;
    {
      using session = await startRun(settings(mode), { ...start, name: 'whole' });
      await session.trainer.train();
      whole = valuesOf(session.model);
    }
    // Broken off in the middle, just where it freezes, and after it.
    let sitting = 0;
    for (const stopAt of [9, 20, 22, 31, undefined]) {
      const name = 'broken';
      using session =
        sitting++ === 0
          ? await startRun(settings(mode), { ...start, name })
          : await resumeRun(`${folder.path}/${name}`, { definition, data });
      const { trainer } = session;
      trainer.on('step', ({ step }) => {
        if (step === stopAt) trainer.stop();
      });
      await trainer.train();
      if (stopAt !== undefined) continue;
      expect(valuesOf(session.model)).toEqual(whole);
    }
  });
});

describe('the population’s statistics while a run trains', () => {
  it('precise: they are those of the drawn batches when training ends', async () => {
    using folder = temporaryFolder();
    const options = { folder: folder.path, name: 'run', definition, data };
    using session = await startRun(settings(MODES.precise), options);
    await session.trainer.train();
    const { model } = session;
    const kept = valuesOf(model);
    firstNorm(model).resetStatistics();
    const batches = drawnBatches(model, 8, 3, data.splits.train, SEED);
    expect(recomputeStatistics(model, batches)).toBe(3);
    expect(valuesOf(model)).toEqual(kept);
    expect(firstNorm(model).runningVar.dataSync()).not.toContain(1);
  });

  it('frozen: they stay as they were at the step that was named', async () => {
    const population = async (steps: number) => {
      using folder = temporaryFolder();
      const options = { folder: folder.path, name: 'run', definition, data };
      const mode = MODES['frozen with gain and shift'];
      using session = await startRun(settings({ ...mode, steps }), options);
      await session.trainer.train();
      return valuesOf(session.model);
    };
    const [at, after] = [await population(22), await population(40)];
    for (const name of at.keys()) {
      const held = name.includes('.norm.');
      expect(JSON.stringify(at.get(name)) === JSON.stringify(after.get(name)), name).toBe(held);
    }
  });
});
