import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

/** Five blocks each, the same parameters: only the dilations differ. */
const FIELDS: Record<number, number[]> = {
  9: [1, 2, 2, 1, 1],
  17: [1, 2, 4, 4, 4],
  33: [1, 2, 4, 8, 16],
};

export default defineStudy({
  name: 'receptive-field',
  title: 'A WaveNet that sees half as far',
  topic: 'architecture',
  claim: 'Dilation pays: at equal parameters a WaveNet that sees half as far is clearly worse.',
  source: 'van den Oord et al. 2016, "WaveNet", section 2.1.',
  refuted: 'a loss less than 0.01 nats higher with 17 characters in sight than with 33',
  factors: { sees: [9, 17, 33] },
  scales: { full: { steps: 1200 }, quick: { steps: 100 }, tiny: { steps: 3 } },
  measures: { validation: { says: 'validation loss', unit: 'nats', digits: 4 } },
  async run({ sees }, context) {
    const settings = {
      ...{ nEmbd: 32, nResidual: 32, nGate: 32, nSkip: 32, nBlock: 5, batchSize: 16 },
      ...{ dilations: FIELDS[sees as number], lr: 3e-3, steps: context.scale.steps },
    };
    using run = await train('wavenet', settings, context);
    return { validation: run.validation };
  },
  checks: [
    {
      says: '17 characters less 33',
      of: (cell: Cells) => cell({ sees: 17 }).validation! - cell({ sees: 33 }).validation!,
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: '9 characters less 17',
      of: (cell: Cells) => cell({ sees: 9 }).validation! - cell({ sees: 17 }).validation!,
      holds: 'above',
      line: 0.01,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'validation',
      x: 'sees',
      logX: true,
      title: 'Validation loss by characters in sight',
    },
  ],
  discussion: (r) =>
    `With 9, 17 and 33 characters in sight the loss is ${[9, 17, 33].map((sees) => r.figure('validation', { sees })).join(', ')}.`,
});
