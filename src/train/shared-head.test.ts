import { expect, it } from 'vitest';
import type { Ranks } from '../distributed/ranks.js';
import { ALONE } from '../distributed/ranks.js';
import { models } from '../models/index.js';
import { buildSettings } from '../runs/index.js';
import { createModel } from './create-model.js';
import { shareOf } from './micro-batches.js';
import { SharedHead } from './shared-head.js';
import { optimizerOf } from './stepper.js';

const V = 151;
const WIDE = {
  ...{ blockSize: 4, nEmbd: 4, nHidden: 901, optimizer: 'sgd' },
  ...{ batchSize: 64, batchParts: 4, labelSmoothing: 0 },
};

/** What is made of a model on so many ranks; undefined where classes stay in one piece. */
function headOn(
  size: number,
  changed: Record<string, unknown> = {},
  kind = 'mlp',
): SharedHead | undefined {
  const preset = kind === 'mlp' ? 'chars' : 'char';
  const overrides = kind === 'mlp' ? { ...WIDE, ...changed } : changed;
  const settings = buildSettings(models.get(kind)!, { preset, overrides });
  const model = createModel(settings, V);
  const { training } = settings;
  const ranks: Ranks = { ...ALONE, rank: 0, size };
  const optimizer = optimizerOf(model, training);
  const share = shareOf(training, ranks);
  return SharedHead.of(model, optimizer, training, share, ranks) ?? undefined;
}

it('cuts the classes of a wide last layer by what the settings say, not by the number of ranks', () => {
  for (const size of [1, 2, 4]) expect(headOn(size)?.classParts(false)).toEqual({ parts: 4 });
  expect(headOn(1)?.canShare).toBe(false);
  for (const [size, cut] of [
    [2, [0, 2, 4]],
    [4, [0, 1, 2, 3, 4]],
  ] as const) {
    expect(headOn(size)?.canShare).toBe(true);
    expect(headOn(size)?.classParts(true)).toMatchObject({ parts: 4, ranks: { rank: 0, cut } });
  }
});

it.each([
  ['an optimizer with state', { optimizer: 'adamw' }],
  ['momentum', { momentum: 0.9 }],
  ['a small layer', { nHidden: 300 }],
  ['label smoothing', { labelSmoothing: 0.1 }],
  ['an average of the weights', { emaDecay: 0.9 }],
  ['gradients handed over early', { overlapExchange: true }],
  ['few rows', { batchSize: 12 }],
  ['much before it', { nEmbd: 10 }],
  ['batches that are accumulated', { gradAccumulation: 2 }],
  ['BatchNorm', { norm: 'batch' }],
  ['more rows than it is worth', { batchSize: 128 }],
  ['one micro-batch', { batchParts: 1 }],
])('leaves them in one piece with %s', (_, changed) => {
  expect(headOn(1, changed)).toBeUndefined();
});

it('leaves them in one piece in a model whose head is also its embedding', () => {
  const overrides = { nEmbd: 1024, optimizer: 'sgd', batchParts: 4, nLayer: 1 };
  expect(headOn(1, overrides, 'gpt')).toBeUndefined();
});
