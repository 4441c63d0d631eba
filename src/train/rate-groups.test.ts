import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  dataset,
  tinyDefinition as definition,
  temporaryFolder,
} from '../../test/suites/fixtures.js';
import { buildSettings } from '../runs/config.js';
import { UserError } from '../util/errors.js';
import { createModel, modelDefinition } from './open-run.js';
import { hiddenMatrices, rateGroups } from './rate-groups.js';
import { resumeRun, startRun } from './session.js';
import { Stepper } from './stepper.js';

const data = dataset();

function make(overrides: Record<string, unknown>) {
  const settings = buildSettings(definition, { overrides });
  const model = createModel(settings, data.tokenizer.vocabSize, definition);
  return { model, training: settings.training };
}

/** Each group's rate, decay and parameters. */
function groupsOf(overrides: Record<string, unknown>) {
  const { model, training } = make({ lr: 0.25, ...overrides });
  return rateGroups(model, training).map(({ lr, weightDecay, params }) => [
    lr,
    weightDecay,
    [...params.keys()],
  ]);
}

/** All parameters before and after steps without dropout. */
function train(overrides: Record<string, unknown>, steps: number) {
  const { model, training } = make({ steps: 9, dropout: 0, ...overrides });
  model.stateDict().get('output.bias')!.fill_(0);
  const values = () =>
    new Map([...model.stateDict()].map(([name, x]) => [name, [...x.dataSync()]] as const));
  using stepper = new Stepper(model, training, data.splits.train, 3);
  const before = values();
  for (let i = 0; i < steps; i++) stepper.take(false);
  return { before, after: values() };
}

const names = ['embedding.weight', 'hidden.weight', 'hidden.bias', 'output.weight', 'output.bias'];

describe('hiddenMatrices', () => {
  const of = (name: string, overrides: Record<string, unknown> = {}) => {
    const settings = buildSettings(modelDefinition(name), { overrides });
    const model = createModel(settings, 65);
    const found = hiddenMatrices(model);
    return [...model.namedParameters()].filter(([, x]) => found.has(x)).map(([path]) => path);
  };

  it('are all between embedding and head', () => {
    expect(of('mlp', { nLayer: 2 })).toEqual(['hidden.0.linear.weight', 'hidden.1.linear.weight']);
    // A hidden layer as wide as the vocabulary is not the head.
    expect(of('mlp', { nHidden: 65 })).toEqual(['hidden.0.linear.weight']);
    const block = ['attn.cAttn', 'attn.cProj', 'mlp.cFc', 'mlp.cProj'];
    const expected = block.map((path) => `h.0.${path}.weight`);
    for (const tiedHead of [true, false])
      expect(of('gpt', { nLayer: 1, tiedHead })).toEqual(expected);
  });

  it('are refused to Muon where there are none, before there is a folder', async () => {
    using folder = temporaryFolder();
    const settings = buildSettings(modelDefinition('bigram'), {
      ...{
        preset: 'learned',
        overrides: { steps: 2, lr: 0.1, optimizer: 'muon', tokenizer: 'char' },
      },
    });
    const start = startRun(settings, { folder: folder.path, data });
    await expect(start).rejects.toThrow(
      /optimizer=muon is for matrices between .*take optimizer=adamw/,
    );
    expect(fs.readdirSync(folder.path)).toEqual([]);
  });
});

describe('rateGroups', () => {
  it('has one group, and one more where only some decay', () => {
    expect(groupsOf({ weightDecay: 0 })).toEqual([[undefined, undefined, names]]);
    expect(groupsOf({ weightDecay: 0.1 }).map(([lr, decay]) => [lr, decay])).toEqual([
      [undefined, 0.1],
      [undefined, 0],
    ]);
  });

  it('splits by factor and by decay; the longest path counts', () => {
    const lrScale = ['output=2', 'hidden.bias=0', 'output.bias=0.5', 'embedding.weight=2'];
    expect(groupsOf({ lrScale, weightDecay: 0 })).toEqual([
      [0.5, undefined, ['embedding.weight', 'output.weight']],
      [undefined, undefined, ['hidden.weight']],
      [0, undefined, ['hidden.bias']],
      [0.125, undefined, ['output.bias']],
    ]);
    expect(groupsOf({ lrScale: lrScale.toReversed(), weightDecay: 0.1 })).toEqual([
      [0.5, 0.1, ['embedding.weight', 'output.weight']],
      [undefined, 0.1, ['hidden.weight']],
      [0, 0, ['hidden.bias']],
      [0.125, 0, ['output.bias']],
    ]);
  });

  it.each([
    ['embeding', 'embedding'],
    ['output.wieght', 'output.weight'],
    ['hid', 'hidden'], // a path has whole names
  ])('refuses %s, which is of no parameter, and names the nearest', (path, nearest) => {
    const attempt = () => groupsOf({ lrScale: [`${path}=2`] });
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(`got "${path}". Did you mean "${nearest}"?`);
  });

  it.each(['sgd', 'adamw', 'muon'])('leaves a part with factor 0 untouched: %s', (optimizer) => {
    const rest = { optimizer, lr: 0.1, weightDecay: 0.1, warmupSteps: 2 };
    const { before, after } = train({ ...rest, lrScale: ['hidden=0'] }, 5);
    for (const name of names) {
      if (name.startsWith('hidden')) expect(after.get(name)).toEqual(before.get(name));
      else expect(after.get(name)).not.toEqual(before.get(name));
    }
  });

  it('halves a step of SGD exactly by a factor of 0.5', () => {
    const rest = { optimizer: 'sgd', lr: 0.3 };
    const whole = train(rest, 1).after;
    const half = train({ ...rest, lr: 0.15 }, 1).after;
    const scaled = train({ ...rest, lrScale: ['output=0.5'] }, 1).after;
    for (const name of names) {
      const expected = name.startsWith('output') ? half : whole;
      expect(scaled.get(name)).toEqual(expected.get(name));
    }
    // From 0, what is there is the step.
    const bias = whole.get('output.bias')!;
    expect(bias.some((value) => value !== 0)).toBe(true);
    expect(scaled.get('output.bias')).toEqual(bias.map((value) => value / 2));
  });

  it('follows the schedule with each factor', () => {
    const { model, training } = make({
      steps: 20,
      schedule: 'cosine',
      minLr: 1e-4,
      warmupSteps: 5,
      lrScale: ['output=0.25'],
    });
    using stepper = new Stepper(model, training, data.splits.train, 3);
    for (let step = 0; step < 20; step++) {
      stepper.take(false);
      const lr = stepper.schedule(step);
      for (const { options, slots } of stepper.optimizer.groups) {
        expect(options.lr).toBe(slots[0]!.name.startsWith('output') ? lr * 0.25 : lr);
      }
    }
  });

  it('leaves to AdamW, at its own rate, all that is no hidden matrix', () => {
    const { model, training } = make({
      ...{ optimizer: 'muon', lr: 0.02, adamwLr: 0.005, weightDecay: 0.1, lrScale: ['output=2'] },
    });
    const found = rateGroups(model, training).map(({ lr, weightDecay, adamw, params }) => ({
      ...{ lr, weightDecay, adamw, params: [...params.keys()] },
    }));
    expect(found).toEqual([
      { lr: 0.005, weightDecay: 0.1, adamw: true, params: ['embedding.weight'] },
      { lr: undefined, weightDecay: 0.1, adamw: false, params: ['hidden.weight'] },
      { lr: 0.01, weightDecay: 0.1, adamw: true, params: ['output.weight'] },
      { lr: 0.005, weightDecay: 0, adamw: true, params: ['hidden.bias'] },
      { lr: 0.01, weightDecay: 0, adamw: true, params: ['output.bias'] },
    ]);
  });

  it('is kept with the run, which refuses to change it; a wrong path leaves no folder', async () => {
    using folder = temporaryFolder();
    const start = (lrScale: string[]) =>
      startRun(buildSettings(definition, { overrides: { steps: 2, lrScale } }), {
        folder: folder.path,
        definition,
        data,
      });
    await expect(start(['outptu=2'])).rejects.toThrow('Did you mean "output"?');
    let path: string;
    {
      using session = await start(['output=2']);
      path = session.run.path;
      expect(session.run.config.training.lrScale).toEqual(['output=2']);
    }
    expect(fs.readdirSync(folder.path)).toHaveLength(1);
    const change = { definition, data, overrides: { lrScale: ['output=3'] } };
    await expect(resumeRun(path, change)).rejects.toThrow(/lrScale cannot change/);
    using same = await resumeRun(path, { ...change, overrides: { lrScale: ['output=2'] } });
    expect(same.trainer.step).toBe(0);
  });
});
