import { type Cells, defineStudy } from 'nanogpt/study';
import { atMostNothing, NOTHING, SMALL_MLP, STILL, train } from './lib/train.js';
import { silentUnits } from './lib/units.js';

const SLOPES = [0, 0.01, 0.1];

export default defineStudy({
  name: 'dead-leaky',
  title: 'Leaky ReLU against dying units',
  topic: 'dead neurons',
  claim: 'A small slope below 0 keeps units from dying, and pays in the loss where many would die.',
  source:
    'Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models", section 2.',
  refuted:
    'as many silent units with a slope of 0.01 or 0.1 as without, or no lower a loss, at a rate at which units die',
  factors: { slope: SLOPES, optimizer: ['adamw', 'sgd'] },
  scales: { full: { steps: 1500 }, quick: { steps: 200 }, tiny: { steps: 5 } },
  measures: {
    silent: { says: 'silent at the end, share' },
    validation: { says: 'validation loss', unit: 'nats', failed: NOTHING },
  },
  async run({ slope, optimizer }, context) {
    const settings = {
      ...{ ...SMALL_MLP, ...STILL, nLayer: 4, hiddenBias: true, batchSize: 64 },
      ...{ activation: 'leakyRelu', negativeSlope: slope, optimizer },
      ...{ lr: optimizer === 'sgd' ? 1 : 0.03, steps: context.scale.steps },
    };
    using run = await train('mlp', settings, context);
    const silent = silentUnits(run.model, context.data);
    return {
      silent: silent.reduce((sum, s) => sum + s, 0) / silent.length,
      validation: atMostNothing(run.validation),
    };
  },
  checks: [
    ...[0.01, 0.1].map((slope) => ({
      says: `Adam at 0.03: silent share with a slope of ${slope} less that of ReLU`,
      of: (cell: Cells) =>
        cell({ slope, optimizer: 'adamw' }).silent! -
        cell({ slope: 0, optimizer: 'adamw' }).silent!,
      holds: 'below' as const,
      line: -0.02,
    })),
    ...[0.01, 0.1].map((slope) => ({
      says: `Adam at 0.03: loss with a slope of ${slope} less that of ReLU`,
      of: (cell: Cells) =>
        cell({ slope, optimizer: 'adamw' }).validation! -
        cell({ slope: 0, optimizer: 'adamw' }).validation!,
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
    })),
    {
      says: 'SGD at 1: silent share with a slope of 0.1 less that of ReLU',
      of: (cell: Cells) =>
        cell({ slope: 0.1, optimizer: 'sgd' }).silent! -
        cell({ slope: 0, optimizer: 'sgd' }).silent!,
      holds: 'below',
      line: -0.02,
      aside: true,
    },
  ],
  charts: [
    { kind: 'dots', measure: 'silent', title: 'Share of silent units at the end' },
    { kind: 'dots', measure: 'validation', title: 'Validation loss' },
  ],
  discussion: (
    r,
  ) => `Four layers at a rate that is too high. With Adam ${r.figure('silent', { slope: 0, optimizer: 'adamw' })} of the ReLU units end silent,
${r.figure('silent', { slope: 0.01, optimizer: 'adamw' })} with a slope of 0.01 and ${r.figure('silent', { slope: 0.1, optimizer: 'adamw' })} with 0.1; the losses
are ${SLOPES.map((slope) => r.figure('validation', { slope, optimizer: 'adamw' })).join(', ')}. A silent unit of a leaky ReLU is not dead:
it still passes its slope's share on.`,
});
