import fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataset, temporaryFolder, tinyDefinition } from '../../test/suites/fixtures.js';
import { buildSettings, type RunSettings } from '../runs/config.js';
import { resumeRun, type Session, startRun } from './session.js';

const data = dataset();
const definition = tinyDefinition;

const adamw = {
  optimizer: 'adamw',
  lr: 0.01,
  clipNorm: 0.5,
  gradAccumulation: 3,
  schedule: 'cosine',
};
const momentum = {
  optimizer: 'sgd',
  lr: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 0.01,
  schedule: 'step',
  stepAt: [20, 40],
  warmupSteps: 7,
  labelSmoothing: 0.1,
};
const scaled = { ...adamw, lrScale: ['embedding=0.3', 'output=2', 'output.bias=0'] };
const muon = {
  ...{ optimizer: 'muon', lr: 0.02, muonScale: 'original', adamwLr: 0.005, gradAccumulation: 2 },
  ...{ schedule: 'wsd', warmupSteps: 5, minLr: 0.001, emaDecay: 0.95 },
};
const probed = { ...adamw, clipNorm: 2, probes: true, probeInterval: 7 };
const plain = { optimizer: 'sgd', lr: 0.3, gradAccumulation: 2 };

function settings(overrides: Record<string, unknown>): RunSettings {
  const rest = {
    ...{ steps: 60, evalInterval: 7, checkpointInterval: 11, logInterval: 3, seed: 5 },
    ...{ sampleInterval: 7, sampleTokens: 10 }, // of steps that are checkpoints as well
  };
  return buildSettings(definition, { overrides: { ...rest, ...overrides } });
}

/** Everything that training leaves: parameters, optimizer, counters, samples, and lines of metrics without their times. */
function traces({ run, trainer }: Session) {
  const { checkpoint } = run.openCheckpoint();
  const timeless = (line: unknown) => {
    const { seconds, tokensPerSecond, ...rest } = line as Record<string, unknown>;
    return rest;
  };
  const { seconds: _, logs: __, ...state } = checkpoint!.state;
  return {
    parameters: [...trainer.model.stateDict()].map(([name, t]) => [name, t.dataSync()]),
    average: checkpoint!.averageFile && fs.readFileSync(checkpoint!.averageFile, 'hex'),
    state,
    metrics: run.read('metrics').map(timeless),
    best: run.checkpoints.pointer('best'),
    samples: fs.readFileSync(run.logPath('samples'), 'utf8'),
    probes: trainer.training.probes ? fs.readFileSync(run.logPath('probes'), 'utf8') : '',
  };
}

async function unbroken(overrides: Record<string, unknown>, folder: string) {
  using session = await startRun(settings(overrides), { folder, name: 'whole', definition, data });
  await session.trainer.train();
  return traces(session);
}

/** Ends each sitting after a drawn number of steps. */
async function broken(overrides: Record<string, unknown>, folder: string, sittings: number[]) {
  const path = `${folder}/broken`;
  {
    using session = await startRun(settings(overrides), {
      folder,
      name: 'broken',
      definition,
      data,
    });
    await sit(session, sittings[0]);
  }
  for (const length of sittings.slice(1)) {
    using session = await resumeRun(path, { definition, data });
    await sit(session, length);
  }
  using session = await resumeRun(path, { definition, data });
  await session.trainer.train();
  return traces(session);
}

async function sit({ trainer }: Session, steps: number | undefined) {
  let left = steps ?? 0;
  if (left === 0) trainer.stop();
  trainer.on('step', () => {
    if (--left <= 0) trainer.stop();
  });
  await trainer.train();
}

describe('a run that is stopped and resumed', () => {
  for (const [name, overrides] of Object.entries({
    adamw,
    momentum,
    scaled,
    muon,
    probed,
    plain,
  })) {
    it(`equals, bit for bit, one that never stopped: ${name}`, async () => {
      using folder = temporaryFolder();
      const expected = await unbroken(overrides, folder.path);
      expect(expected.state.step).toBe(60);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 4 }),
          async (sittings) => {
            using folder = temporaryFolder();
            expect(await broken(overrides, folder.path, sittings)).toEqual(expected);
          },
        ),
        { numRuns: 5 },
      );
    });
  }

  it('keeps the sample of the step whose checkpoint it goes on from, when it was killed there', async () => {
    using folder = temporaryFolder();
    const overrides = { steps: 14, evalInterval: 100, checkpointInterval: 7 };
    const expected = await unbroken(overrides, folder.path);
    expect(expected.samples.match(/── step \d+ ──/g)).toHaveLength(2);
    {
      const killed = { folder: folder.path, name: 'killed', definition, data };
      using session = await startRun(settings(overrides), killed);
      session.trainer.on('step', ({ step }) => {
        if (step === 8) throw new Error('killed');
      });
      await expect(session.trainer.train()).rejects.toThrow('killed');
    }
    using session = await resumeRun(`${folder.path}/killed`, { definition, data });
    expect(session.trainer.step).toBe(7);
    await session.trainer.train();
    expect(traces(session)).toEqual(expected);
  });

  it('is told apart when the seed differs', async () => {
    using folder = temporaryFolder();
    const one = await unbroken(adamw, folder.path);
    const other = await unbroken({ ...adamw, seed: 6 }, `${folder.path}/other`);
    expect(other.parameters).not.toEqual(one.parameters);
  });

  it('goes on from an earlier checkpoint when the latest is damaged, and says so', async () => {
    using folder = temporaryFolder();
    const expected = await unbroken({ ...adamw, checkpointInterval: 20 }, folder.path);
    const path = `${folder.path}/broken`;
    const overrides = { ...adamw, checkpointInterval: 20 };
    let latest: string;
    {
      using session = await startRun(settings(overrides), {
        folder: folder.path,
        name: 'broken',
        definition,
        data,
      });
      await sit(session, 45);
      latest = session.run.openCheckpoint().checkpoint!.modelFile;
    }
    const bytes = fs.readFileSync(latest);
    bytes[bytes.length - 5]! ^= 1;
    fs.writeFileSync(latest, bytes);
    using session = await resumeRun(path, { definition, data });
    expect(session.notices.join()).toMatch(/step-000045 is passed over: .*checksum/);
    expect(session.trainer.step).toBeLessThan(45);
    await session.trainer.train();
    expect(traces(session)).toEqual(expected);
  });
});
