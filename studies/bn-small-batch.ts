import { type Cells, defineStudy } from 'nanogpt/study';
import { NORMED } from './lib/batch-norm.js';
import { atMostNothing, NOTHING, train } from './lib/train.js';

const SIZES = [2, 4, 8, 16, 32, 128];

export default defineStudy({
  name: 'bn-small-batch',
  title: 'A normalisation batch that is too small',
  topic: 'batch normalisation',
  claim:
    'With SGD’s batch held fixed, statistics over few examples make BatchNorm unreliable: the fewer, the higher the loss.',
  source:
    'Wu and Johnson 2021, section 4.1; Hoffer, Hubara and Soudry 2017, section 4 (virtual batches).',
  refuted:
    'a loss with two or four examples to a statistic that is within 0.02 nats of that with 128',
  factors: { size: SIZES },
  scales: { full: { steps: 1500 }, quick: { steps: 200 }, tiny: { steps: 3 } },
  measures: { validation: { says: 'validation loss', unit: 'nats', failed: NOTHING } },
  async run({ size }, context) {
    const settings = {
      ...{ ...NORMED, batchSize: 128, normVirtualBatch: size, normStatistics: 'precise' },
      steps: context.scale.steps,
    };
    using run = await train('mlp', settings, context);
    return { validation: atMostNothing(run.validation) };
  },
  checks: [
    ...[2, 4].map((size) => ({
      says: `statistics over ${size} examples: what they cost`,
      of: (cell: Cells) => cell({ size }).validation! - cell({ size: 128 }).validation!,
      holds: 'above' as const,
      line: 0.02,
      unit: 'nats',
    })),
    ...[8, 16, 32].map((size) => ({
      says: `over ${size}`,
      of: (cell: Cells) => cell({ size }).validation! - cell({ size: 128 }).validation!,
      holds: 'above' as const,
      line: 0.02,
      unit: 'nats',
      aside: true as const,
    })),
  ],
  charts: [
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
  ) => `Of two values, each is its own measure: after the subtraction of their mean they are ± the same number, and a channel
says little more than which of the two was greater. It costs ${r.check(0)}. Four cost ${r.check(1)}, sixteen ${r.check(3)}.`,
});
