import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dataset, temporaryFolder } from '../../test/suites/fixtures.js';
import { ReferenceBackend } from '../backend/index.js';
import { models } from '../models/index.js';
import { buildSettings } from '../runs/config.js';
import { currentBackend, defaultRandom, useBackend } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { memoryLimit } from '../util/memory-limit.js';
import { memoryNeed, requireMemory } from './memory-need.js';
import { createModel, openRun } from './open-run.js';
import { resumeRun, startRun } from './session.js';
import { Trainer } from './trainer.js';

const data = dataset([0.3, 0.7, 0]); // enough to score for a batch of the greatest size
const { vocabSize } = data.tokenizer;
const quick = { steps: 3, batchSize: 16, evalBatches: 2 };
const kinds: [string, Record<string, unknown>][] = [
  ['mlp', { preset: 'chars', nHidden: 64, blockSize: 8 }],
  ['mlp', { preset: 'chars', nHidden: 96, nLayer: 3, optimizer: 'muon', emaDecay: 0.9 }],
  ['mlp', { preset: 'chars', nHidden: 16, nLayer: 4, norm: 'batch', optimizer: 'sgd', lr: 0.1 }],
  ['wavenet', { preset: 'small', nEmbd: 8, nResidual: 8, nGate: 8, nSkip: 16 }],
  ['hierarchical', { preset: 'small' }],
  ['bigram', { preset: 'learned' }],
  ['mlp', { preset: 'chars', nHidden: 128, nLayer: 3, blockSize: 8, probes: true }],
  ['gpt', { preset: 'char', nLayer: 2, nEmbd: 32, blockSize: 16, probes: true }],
];

function settingsOf(name: string, { preset, ...overrides }: Record<string, unknown>) {
  const definition = models.get(name)!;
  const options = { preset: preset as string, overrides: { ...quick, ...overrides } };
  return { definition, settings: buildSettings(definition, options) };
}

describe('the memory that a model needs', () => {
  it.each(kinds)('is what training it takes: %s %o', async (name, overrides) => {
    const { definition, settings } = settingsOf(name, overrides);
    const backend = new ReferenceBackend();
    const before = defaultRandom.state();
    const need = memoryNeed(settings, vocabSize, definition, 'training');
    expect(defaultRandom.state()).toEqual(before);
    expect(need.isMore).toBe(false);
    const usual = currentBackend();
    useBackend(backend);
    try {
      const { training } = settings;
      const model = createModel(settings, vocabSize);
      await new Trainer({ model, training, seed: 0, data }).train();
    } finally {
      useBackend(usual);
    }
    const taken = backend.memory.peakBytes;
    expect(need.bytes).toBeGreaterThan(0.9 * taken);
    expect(need.bytes).toBeLessThan(1.2 * taken);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['mlp', { nHidden: 1e15 }, /needs [\d.]+ EB .* Lower nHidden \(now 1,000,000,000,000,000\)/],
    ['mlp', { nHidden: 1e12 }, /needs [\d.]+ PB .* Lower nHidden \(now 1,000,000,000,000\)/],
    ['mlp', { nLayer: 100_000 }, /more than 8\.0 GB .* has 8\.0 GB\. Lower nLayer \(now 100,000\)/],
    ['mlp', { nLayer: 1e15 }, /Lower nLayer/],
    ['mlp', { nEmbd: 1e12 }, /Lower nEmbd/],
    ['mlp', { batchSize: 1e9 }, /needs \d+\.\d TB .* Lower batchSize \(now 1,000,000,000\)/],
    ['wavenet', { nStack: 1e9 }, /Lower nStack/],
    ['bigram', { preset: 'learned', blockSize: 1e12 }, /Lower blockSize/],
  ])('is refused in one line where there is less: %s %o', (name, overrides, words) => {
    const { definition, settings } = settingsOf(name, overrides);
    const attempt = () => requireMemory(settings, vocabSize, definition, 'training', 8e9);
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(words);
    expect(attempt).not.toThrow(/\n/);
  });

  it('names the vocabulary where that is what is large', () => {
    const { definition, settings } = settingsOf('mlp', { preset: 'published' });
    const attempt = () => requireMemory(settings, 50_281, definition, 'training', 1e8);
    expect(attempt).toThrow(/the tokenizer's vocabulary \(now 50,281\)/);
    expect(() => requireMemory(settings, 50_281, definition, 'training', 1e9)).not.toThrow();
  });

  it('is asked for before a run is begun, gone on with or used, and nothing is left behind', async () => {
    using folder = temporaryFolder();
    const { settings } = settingsOf('mlp', { preset: 'chars', nHidden: 1e13 });
    await expect(startRun(settings, { folder: folder.path, data })).rejects.toThrow(/of memory/);
    expect(fs.readdirSync(folder.path)).toEqual([]);
    const small = settingsOf('mlp', { preset: 'chars', nHidden: 8 }).settings;
    {
      using session = await startRun(small, { folder: folder.path, name: 'run', data });
      await session.trainer.train();
    }
    const run = `${folder.path}/run`;
    const file = `${run}/config.json`;
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, text.replace('"batchSize": 16', '"batchSize": 1000000000'));
    await expect(resumeRun(run, { data })).rejects.toThrow(/Lower batchSize/);
    (await openRun(run))[Symbol.dispose](); // it is not trained
    fs.writeFileSync(file, text.replace('"nHidden": 8', '"nHidden": 1000000000000'));
    await expect(openRun(run)).rejects.toThrow(/evaluation needs .* of memory/);
    await expect(resumeRun(run, { data })).rejects.toThrow(/training needs .* of memory/);
  });

  it('is compared with what this machine has', () => {
    expect(memoryLimit()).toBeGreaterThan(1e8);
    expect(memoryLimit()).toBeLessThan(1e15);
  });
});
