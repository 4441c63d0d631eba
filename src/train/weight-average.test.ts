import { describe, expect, it } from 'vitest';
import {
  dataset,
  tinyDefinition as definition,
  temporaryFolder,
} from '../../test/suites/fixtures.js';
import { evaluate } from '../observe/evaluate.js';
import { buildSettings } from '../runs/config.js';
import { openRun } from './open-run.js';
import { resumeRun, startRun } from './session.js';

const data = dataset();

/** Trains a run in `folder`: the losses of its evaluations, its result and its weights. */
async function train(folder: string, name: string, overrides: Record<string, unknown>) {
  const rest = { steps: 30, evalInterval: 10, lr: 0.1 };
  const settings = buildSettings(definition, { overrides: { ...rest, ...overrides } });
  using session = await startRun(settings, { folder, name, definition, data });
  const losses: { loss: number; emaLoss?: number }[] = [];
  session.trainer.on('evaluation', ({ loss, emaLoss }) => void losses.push({ loss, emaLoss }));
  const result = await session.trainer.train();
  const weights = [...session.model.stateDict()].map(([key, x]) => [key, x.dataSync()]);
  return { losses, result, weights, metrics: session.run.read('metrics') };
}

describe('emaDecay', () => {
  it('keeps an average beside the weights, evaluates it, and changes nothing else', async () => {
    using folder = temporaryFolder();
    const plain = await train(folder.path, 'plain', {});
    const averaged = await train(folder.path, 'averaged', { emaDecay: 0.9 });
    expect(averaged.weights).toEqual(plain.weights);
    expect(averaged.result.validation).toEqual(plain.result.validation);
    expect(plain.result.ema).toBeNull();
    expect(plain.metrics.some((line) => 'emaLoss' in (line as object))).toBe(false);
    expect(averaged.losses).toHaveLength(3);
    for (const { loss, emaLoss } of averaged.losses) {
      expect(emaLoss).toBeGreaterThan(0);
      expect(emaLoss).not.toBe(loss);
    }
    const shown = averaged.metrics.filter((line) => 'emaLoss' in (line as object));
    expect(shown).toMatchObject(averaged.losses);

    const path = `${folder.path}/averaged`;
    const scoreOf = async (ema: boolean) => {
      using opened = await openRun(path, { ema, definition });
      const { tokenizer } = data;
      return evaluate(opened.model, { name: 'validation', ...data.splits.validation, tokenizer });
    };
    expect(await scoreOf(true)).toEqual(averaged.result.ema);
    expect(await scoreOf(false)).toEqual(averaged.result.validation);
  });

  it('is refused where no average is kept, and cannot change on the way', async () => {
    using folder = temporaryFolder();
    await train(folder.path, 'plain', {});
    const path = `${folder.path}/plain`;
    await expect(openRun(path, { ema: true, definition })).rejects.toThrow(
      /^step-000030 holds no average of weights: .*emaDecay=0.999\.$/,
    );
    const overrides = { emaDecay: 0.5 };
    await expect(resumeRun(path, { definition, data, overrides })).rejects.toThrow(
      /emaDecay cannot change/,
    );
  });
});
