import { type Cells, defineStudy } from 'nanogpt/study';
import { NORMED } from './lib/batch-norm.js';
import { train } from './lib/train.js';

export default defineStudy({
  name: 'bn-large-batch',
  title: 'A normalisation batch that is too large',
  topic: 'batch normalisation',
  claim:
    'With SGD’s batch held fixed, statistics over more examples fit the training text better and generalise worse, since their noise regularises.',
  source: 'Wu and Johnson 2021, section 4.1, figure 5.',
  refuted:
    'a training loss that does not fall from 16 to 256 examples, or a validation loss that falls with it',
  factors: { size: [4, 16, 64, 256] },
  // A twentieth of the text, so that there is something to overfit.
  data: { tokenizer: 'char', data: 'tiny_shakespeare', split: [0.05, 0.1, 0.85] },
  scales: { full: { steps: 2000 }, quick: { steps: 200 }, tiny: { steps: 3 } },
  measures: {
    train: { says: 'training loss', unit: 'nats' },
    validation: { says: 'validation loss', unit: 'nats' },
  },
  async run({ size }, context) {
    const settings = {
      ...{ ...NORMED, nHidden: 192, batchSize: 256, normVirtualBatch: size },
      ...{ normStatistics: 'precise', split: [0.05, 0.1, 0.85], steps: context.scale.steps },
    };
    using run = await train('mlp', settings, context);
    return { train: run.train(), validation: run.validation };
  },
  checks: [
    {
      says: 'training loss with 256 examples less that with 16',
      of: (cell: Cells) => cell({ size: 256 }).train! - cell({ size: 16 }).train!,
      holds: 'below',
      line: 0,
      unit: 'nats',
    },
    {
      says: 'validation loss with 256 examples less that with 16',
      of: (cell: Cells) => cell({ size: 256 }).validation! - cell({ size: 16 }).validation!,
      holds: 'above',
      line: 0,
      unit: 'nats',
    },
    {
      says: 'validation loss with 256 examples less that with 64',
      of: (cell: Cells) => cell({ size: 256 }).validation! - cell({ size: 64 }).validation!,
      holds: 'above',
      line: 0,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'train',
      x: 'size',
      logX: true,
      title: 'Training loss by the size of a normalisation batch',
    },
    {
      kind: 'lines',
      measure: 'validation',
      x: 'size',
      logX: true,
      title: 'Validation loss by the size of a normalisation batch',
    },
  ],
  discussion: (
    r,
  ) => `On 56,000 characters the net overfits: at 256 examples to a statistic it stands at ${r.figure('train', { size: 256 })} in training and
${r.figure('validation', { size: 256 })} on validation, at 16 at ${r.figure('train', { size: 16 })} and ${r.figure('validation', { size: 16 })}.`,
});
