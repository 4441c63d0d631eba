import { type Cells, defineStudy } from 'nanogpt/study';
import { NORMED, scores } from './lib/batch-norm.js';
import { train } from './lib/train.js';

const SIZES = [32, 128, 512, 2048];

export default defineStudy({
  name: 'bn-ema-large-batch',
  title: 'Moving averages and large batches',
  topic: 'batch normalisation',
  claim:
    'A large batch makes the moving average worse: for the same examples seen, statistics are updated more rarely.',
  source: 'Wu and Johnson 2021, section 3.3.',
  refuted:
    'an average that costs no more with 2,048 examples to a batch than with 32, after equally many examples',
  factors: { batch: SIZES },
  scales: { full: { examples: 65_536 }, quick: { examples: 32_768 }, tiny: { examples: 8192 } },
  measures: {
    gap: { says: 'loss by the average less loss by precise statistics', unit: 'nats' },
    precise: { says: 'loss by precise statistics', unit: 'nats' },
  },
  async run({ batch }, context) {
    const batchSize = batch as number;
    const steps = context.scale.examples / batchSize;
    using run = await train('mlp', { ...NORMED, batchSize, steps }, context);
    const found = scores(run.model, context.data, ['ema', 'precise'], context.seed, batchSize);
    return { gap: found.ema - found.precise, precise: found.precise };
  },
  checks: [
    {
      says: 'what the average costs with batches of 2,048, less what it costs with 32',
      of: (cell: Cells) => cell({ batch: 2048 }).gap! - cell({ batch: 32 }).gap!,
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'the same of 512 and 32',
      of: (cell: Cells) => cell({ batch: 512 }).gap! - cell({ batch: 32 }).gap!,
      holds: 'above',
      line: 0,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'gap',
      x: 'batch',
      logX: true,
      title: 'What the moving average costs, by batch size',
    },
  ],
  discussion: (
    r,
  ) => `After 65,536 examples there were 2,048 updates with batches of 32, and 32 with batches of 2,048. At a momentum of 0.1 the
average costs ${r.figure('gap', { batch: 32 })} nats in the one case and ${r.figure('gap', { batch: 2048 })} in the other.`,
});
