import { type Cells, defineStudy } from 'nanogpt/study';
import { atMostNothing, NOTHING, SMALL_MLP, STILL, train } from './lib/train.js';

const RATES = [0.03, 0.1, 0.3, 1, 3, 10];

const best = (cell: Cells, norm: string) =>
  RATES.reduce((a, b) =>
    cell({ norm, rate: b }).validation! < cell({ norm, rate: a }).validation! ? b : a,
  );

export default defineStudy({
  name: 'bn-rates',
  title: 'BatchNorm and the learning rate',
  topic: 'batch normalisation',
  claim:
    'BatchNorm lets a net train at much higher rates, and makes the choice of the rate matter less.',
  source: 'Ioffe and Szegedy 2015, "Batch normalization", sections 3.3 and 4.2.',
  refuted:
    'a best rate that is no higher with BatchNorm, or losses over the rates that lie as far apart',
  factors: { norm: ['none', 'batch'], rate: RATES },
  scales: { full: { steps: 1000 }, quick: { steps: 100 }, tiny: { steps: 3 } },
  measures: { validation: { says: 'validation loss', unit: 'nats', failed: NOTHING } },
  async run({ norm, rate }, context) {
    const settings = {
      ...{ ...SMALL_MLP, ...STILL, nLayer: 5, activation: 'relu', batchSize: 64 },
      ...{ optimizer: 'sgd', lr: rate, norm, steps: context.scale.steps },
    };
    using run = await train('mlp', settings, context);
    return { validation: atMostNothing(run.validation) };
  },
  checks: [
    {
      says: 'the best rate with BatchNorm over the best one without',
      of: (cell: Cells) => best(cell, 'batch') / best(cell, 'none'),
      holds: 'above',
      line: 2,
      unit: '×',
    },
    {
      says: 'at a rate of 1: what BatchNorm gains',
      of: (cell: Cells) =>
        cell({ norm: 'none', rate: 1 }).validation! - cell({ norm: 'batch', rate: 1 }).validation!,
      holds: 'above',
      line: 0.1,
      unit: 'nats',
    },
    {
      says: 'how much less the losses at 0.1 to 10 lie apart with BatchNorm',
      of: (cell: Cells) => {
        const range = (norm: string) => {
          const losses = RATES.slice(1).map((rate) => cell({ norm, rate }).validation!);
          return Math.max(...losses) - Math.min(...losses);
        };
        return range('none') - range('batch');
      },
      holds: 'above',
      line: 0.1,
      unit: 'nats',
    },
    {
      says: 'each at its best rate: what BatchNorm gains',
      of: (cell: Cells) =>
        cell({ norm: 'none', rate: best(cell, 'none') }).validation! -
        cell({ norm: 'batch', rate: best(cell, 'batch') }).validation!,
      holds: 'above',
      line: 0,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'validation',
      x: 'rate',
      lines: 'norm',
      logX: true,
      title: 'Validation loss by rate, SGD',
    },
  ],
  discussion: (
    r,
  ) => `A run that diverged counts as ln 65 = 4.17 nats, what knowing nothing costs; ${r.failed} did. At a rate of 0.1 the two stand at
${r.figure('validation', { norm: 'none', rate: 0.1 })} and ${r.figure('validation', { norm: 'batch', rate: 0.1 })}, at 1 at
${r.figure('validation', { norm: 'none', rate: 1 })} and ${r.figure('validation', { norm: 'batch', rate: 1 })}. Why that is has been argued
about since: the paper's own reason, that the distribution of each layer's inputs stays put, did not last; [a smoother
loss](bn-smoothness.md) did better.`,
});
