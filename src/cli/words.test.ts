/** Small things of the command line: names, numbers, paths, sentences. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATASETS } from '../data/index.js';
import { models } from '../models/index.js';
import { Linear, Module, parameter } from '../nn/index.js';
import { buildSettings } from '../runs/index.js';
import { zeros } from '../tensor/index.js';
import { duration } from '../util/duration.js';
import { layersOf } from './layers.js';
import { DATASET_NAMES, MODEL_NAMES } from './names.js';
import { byteSize, rate, thousands } from './output.js';
import { quoted, shownPath } from './paths.js';
import { overridesOf } from './settings.js';
import { fields, table } from './table.js';
import { unigramLoss } from './unigram.js';
import { trainingSentence, warmupNotice } from './wording.js';

describe('names in help', () => {
  it('are those of the registries', () => {
    expect([...MODEL_NAMES]).toEqual([...models.keys()]);
    expect([...DATASET_NAMES]).toEqual(Object.keys(DATASETS));
  });
});

describe('numbers', () => {
  it('are worded for readers', () => {
    expect(thousands(20_562_681)).toBe('20,562,681');
    expect([0.4, 59.6, 200, 3720].map(duration)).toEqual([
      '0 s',
      '1 min 00 s',
      '3 min 20 s',
      '1 h 02 min',
    ]);
    expect([12_340, 82_250_724, 1.5e9].map(byteSize)).toEqual(['12.3 kB', '82.3 MB', '1.50 GB']);
    expect([0.5, 0.1 + 0.2, 3e-8].map(rate)).toEqual(['0.5', '0.3', '3e-8']);
  });
});

describe('paths', () => {
  it('are relative below the working folder only', () => {
    expect(shownPath(path.resolve('runs/one'))).toBe(path.join('runs', 'one'));
    expect(shownPath(path.resolve('..'))).toBe(path.resolve('..'));
  });

  it('are quoted where a shell would take them apart', () => {
    expect(quoted('runs/mlp-1.2')).toBe('runs/mlp-1.2');
    expect(quoted("my runs/it's")).toBe(`'my runs/it'\\''s'`);
  });
});

describe('tables', () => {
  it('align without lines', () => {
    const text = table(
      [{ heading: 'name' }, { heading: 'count', right: true }],
      [
        ['a', '1'],
        ['long name', '1,000'],
      ],
    );
    expect(text).toBe('name       count\na              1\nlong name  1,000');
    expect(
      fields([
        ['one', '1'],
        ['none', undefined],
        ['three', '3'],
      ]),
    ).toBe('one    1\nthree  3');
  });
});

describe('overridesOf', () => {
  const mlp = models.get('mlp')!;

  it('puts options and --set together', () => {
    const options = { lr: 0.1, split: '0.9,0.1', maxSeconds: 5, set: ['nHidden=50'] };
    const overrides = overridesOf(mlp, options);
    expect(overrides).toEqual({ lr: 0.1, split: [0.9, 0.1, 0], maxSeconds: 5, nHidden: 50 });
  });

  it('makes a path absolute, so that the run can be used from any folder', () => {
    expect(overridesOf(mlp, { data: 'package.json' })).toEqual({
      data: path.resolve('package.json'),
    });
    expect(overridesOf(mlp, { set: ['data=names'] })).toEqual({ data: 'names' });
  });

  it('refuses a key that is given both ways', () => {
    expect(() => overridesOf(mlp, { seed: 1, set: ['seed=1'] })).toThrow(/seed is given twice/);
  });
});

describe('trainingSentence', () => {
  const sentence = (model: string, overrides: Record<string, unknown>, preset?: string) =>
    trainingSentence(
      buildSettings(models.get(model)!, { preset, overrides }).training,
      10,
      model === 'mlp' ? 'next' : 'all',
    );

  it('says how the published model is trained', () => {
    expect(sentence('mlp', { lr: 0.5 }, 'published')).toBe(
      '1,400 steps of 100 windows of 10 tokens, predicting the token after each; sgd at 0.5; × 0.1 after 1,000',
    );
  });

  it('knows warm-up, cosine, accumulation, and counting', () => {
    const text = sentence('mlp', { gradAccumulation: 4, warmupSteps: 50 }, 'chars');
    expect(text).toMatch(/ of 4 × 128 windows .* warm-up over 50 steps; cosine decay to /);
    expect(sentence('bigram', {})).toBe('counted, without steps');
  });
});

describe('warmupNotice', () => {
  const notice = (steps: number) =>
    warmupNotice(
      buildSettings(models.get('mlp')!, { preset: 'chars', overrides: { steps } }).training,
    );

  it('is of a training that ends within its warm-up', () => {
    expect(notice(201)).toBeUndefined();
    expect(notice(200)).toMatch(/^warm-up takes 200 steps and training only 200, /);
    expect(notice(60)).toMatch(/--warmup-steps 6 shortens it\.$/);
    expect(notice(0)).toBeUndefined();
  });
});

describe('unigramLoss', () => {
  it('is the cross-entropy of add-one frequencies', () => {
    // Counts 3, 1, 0 and one more each, over 4 + 3: 4/7, 2/7, 1/7.
    expect(unigramLoss([0, 0, 0, 1], [0, 1, 2], 3)).toBeCloseTo(
      -(Math.log(4 / 7) + Math.log(2 / 7) + Math.log(1 / 7)) / 3,
      12,
    );
  });
});

describe('layersOf', () => {
  class Tied extends Module {
    readonly first = new Linear(3, 2);
    readonly parts = [new Linear(2, 2, { bias: false })];
    readonly again = this.first;
    readonly scale = parameter(zeros([2]));
    forward(): void {}
  }

  it('has a line for each module with parameters, shared ones once', () => {
    using model = new Tied();
    const layers = layersOf(model);
    expect(
      layers.map(({ path, kind, shape, parameters }) => [path, kind, shape, parameters]),
    ).toEqual([
      ['first', 'Linear', [2, 3], 8],
      ['parts.0', 'Linear', [2, 2], 4],
      ['scale', 'parameter', [2], 2],
    ]);
    expect(layers[0]!.tensors.map(({ name }) => name)).toEqual(['weight', 'bias']);
    const sum = layers.reduce((total, { parameters }) => total + parameters, 0);
    expect(sum).toBe(model.parameterCount());
  });
});
