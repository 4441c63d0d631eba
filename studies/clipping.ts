import { type Cells, defineStudy } from 'nanogpt/study';
import { atMostNothing, NOTHING, train } from './lib/train.js';

export default defineStudy({
  name: 'clipping',
  title: 'Clipping the gradient',
  topic: 'optimisation',
  claim:
    'Clipping the gradient’s norm at 1 saves a training at too high a rate, and costs nothing at a good one.',
  source:
    'Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", section 3.2; nanoGPT clips at 1.',
  refuted: 'no gain at ten times a good rate, or a cost of more than 0.01 nats at a good one',
  factors: { optimizer: ['adamw', 'sgd'], rate: ['good', 'high'], clip: [0, 1] },
  scales: { full: { steps: 400 }, quick: { steps: 60 }, tiny: { steps: 3 } },
  measures: {
    validation: { says: 'validation loss', unit: 'nats', failed: NOTHING },
  },
  async run({ optimizer, rate, clip }, context) {
    const good = optimizer === 'adamw' ? 3e-3 : 0.3;
    const settings = {
      ...{ preset: 'char', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 32, batchSize: 16 },
      ...{ schedule: 'constant', warmupSteps: 0, minLr: undefined, clipNorm: clip },
      ...{ optimizer, lr: rate === 'good' ? good : 10 * good, steps: context.scale.steps },
    };
    using run = await train('gpt', settings, context);
    return { validation: atMostNothing(run.validation) };
  },
  checks: ['adamw', 'sgd'].flatMap((optimizer) => [
    {
      says: `${optimizer}, ten times a good rate: what clipping gains`,
      of: (cell: Cells) =>
        cell({ optimizer, rate: 'high', clip: 0 }).validation! -
        cell({ optimizer, rate: 'high', clip: 1 }).validation!,
      holds: 'above' as const,
      line: 0.02,
      unit: 'nats',
    },
    {
      says: `${optimizer}, a good rate: what it costs`,
      of: (cell: Cells) =>
        cell({ optimizer, rate: 'good', clip: 1 }).validation! -
        cell({ optimizer, rate: 'good', clip: 0 }).validation!,
      holds: 'below' as const,
      line: 0.01,
      unit: 'nats',
    },
  ]),
  charts: [{ kind: 'dots', measure: 'validation', title: 'Validation loss of a small GPT' }],
  discussion: (
    r,
  ) => `AdamW divides a gradient by its own running size, so that a scale that all gradients share is gone anyway: clipping is
worth ${r.check(0)} there, and ${r.check(2)} with SGD, whose steps are as long as the gradient is. ${r.failed} runs diverged.`,
});
