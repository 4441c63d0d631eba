import { defineStudy } from 'nanogpt/study';
import { atSteps, NORMED, scores } from './lib/batch-norm.js';
import { train } from './lib/train.js';

export default defineStudy({
  name: 'bn-ema',
  title: 'BatchNorm’s moving average, early and late',
  topic: 'batch normalisation',
  claim:
    'Moving averages of batch statistics mislead early in training, when the weights outrun them, and serve well later.',
  source: 'Wu and Johnson 2021, "Rethinking ‘Batch’ in BatchNorm", section 3.1.',
  refuted: 'no loss by the average after 25 steps, or one of more than 0.01 nats at the end',
  factors: { momentum: [0.1, 0.01, 0.001] },
  scales: {
    full: { steps: 3000, points: [25, 50, 100, 200, 400, 800, 1600, 3000] },
    quick: { steps: 400, points: [25, 50, 100, 200, 400] },
    tiny: { steps: 4, points: [2, 4] },
  },
  measures: {
    step: { says: 'step' },
    gap: { says: 'loss by the average less loss by precise statistics', unit: 'nats' },
    early: { says: 'the same at the first point', unit: 'nats' },
    late: { says: 'the same at the end', unit: 'nats', digits: 4 },
  },
  async run({ momentum }, context) {
    const { steps, points } = context.scale;
    const gap: number[] = [];
    using _run = await train(
      'mlp',
      { ...NORMED, normMomentum: momentum, steps },
      context,
      (trainer, model) =>
        atSteps(trainer, points, () => {
          const { ema, precise } = scores(model, context.data, ['ema', 'precise'], context.seed);
          gap.push(ema - precise);
        }),
    );
    return { step: points, gap, early: gap[0]!, late: gap.at(-1)! };
  },
  checks: [
    {
      says: 'momentum 0.1, after 25 steps: what the average costs',
      of: (cell) => cell({ momentum: 0.1 }).early!,
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'momentum 0.01, after 25 steps: what the average costs',
      of: (cell) => cell({ momentum: 0.01 }).early!,
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'momentum 0.1, at the end',
      of: (cell) => cell({ momentum: 0.1 }).late!,
      holds: 'below',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'momentum 0.01, at the end',
      of: (cell) => cell({ momentum: 0.01 }).late!,
      holds: 'below',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'momentum 0.001, at the end',
      of: (cell) => cell({ momentum: 0.001 }).late!,
      holds: 'below',
      line: 0.01,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'curves',
      measure: 'gap',
      x: 'step',
      lines: 'momentum',
      logX: true,
      title: 'What the moving average costs, by step',
    },
  ],
  discussion: (
    r,
  ) => `The average forgets its start (mean 0, variance 1) like (1 − momentum)^steps. After 25 steps a momentum of 0.1 costs
${r.figure('early', { momentum: 0.1 })} nats, 0.01 costs ${r.figure('early', { momentum: 0.01 })} and 0.001 costs
${r.figure('early', { momentum: 0.001 })}; at the end they cost ${r.figure('late', { momentum: 0.1 })},
${r.figure('late', { momentum: 0.01 })} and ${r.figure('late', { momentum: 0.001 })}.`,
});
