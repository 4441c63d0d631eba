import { batchNormsOf, evaluate, passOf, ShuffledPass } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { NORMED } from './lib/batch-norm.js';
import { train } from './lib/train.js';

const SIZES = [2, 8, 32, 128, 512];

export default defineStudy({
  name: 'bn-batch-inference',
  title: 'Batch statistics in use',
  topic: 'batch normalisation',
  claim:
    'In use, the statistics of a large and mixed batch serve as well as those of the population; those of a small batch, or of one that is all alike, do not.',
  source:
    'Wu and Johnson 2021, section 3.4; section 5.1 for batches that are not like the population.',
  refuted:
    'more than 0.02 nats between 128 mixed windows and the population, or less with 8 windows or with neighbours',
  factors: { windows: ['from all over', 'neighbours'] },
  scales: { full: { steps: 2000 }, quick: { steps: 200 }, tiny: { steps: 3 } },
  measures: Object.fromEntries(
    SIZES.map((size) => [
      `of${size}`,
      { says: `batches of ${size} less the population`, unit: 'nats', digits: 4 },
    ]),
  ),
  async run({ windows }, context) {
    const settings = { ...NORMED, normStatistics: 'precise', steps: context.scale.steps };
    using run = await train('mlp', settings, context);
    const { model } = run;
    const { splits, tokenizer } = context.data;
    const ids = splits.validation.ids.subarray(0, 30_000);
    const input = { name: 'validation' as const, ids, bytes: ids.length, tokenizer };
    const population = evaluate(model, input).loss;
    for (const norm of batchNormsOf(model).values()) norm.inference = 'batch';
    const { blockSize, target } = model;
    return Object.fromEntries(
      SIZES.map((batchSize) => {
        const pass = passOf({ ids }, { batchSize, blockSize, target, name: 'validation' });
        const mixed =
          windows === 'neighbours' ? pass : new ShuffledPass(pass, batchSize, context.seed);
        return [`of${batchSize}`, evaluate(model, input, mixed).loss - population];
      }),
    );
  },
  checks: [
    {
      says: '128 windows from all over: what batch statistics cost',
      of: (cell: Cells) => cell({ windows: 'from all over' })['of128']!,
      holds: 'between',
      line: [-0.02, 0.02],
      unit: 'nats',
    },
    {
      says: '8 windows from all over',
      of: (cell: Cells) => cell({ windows: 'from all over' })['of8']!,
      holds: 'above',
      line: 0.02,
      unit: 'nats',
    },
    {
      says: '128 neighbouring windows',
      of: (cell: Cells) => cell({ windows: 'neighbours' })['of128']!,
      holds: 'above',
      line: 0.02,
      unit: 'nats',
    },
  ],
  charts: [
    { kind: 'dots', measure: 'of128', title: 'What statistics of 128 windows cost' },
    { kind: 'dots', measure: 'of8', title: 'What statistics of 8 windows cost' },
  ],
  discussion: (r) => `Windows from all over the text, in batches of 2, 8, 32, 128 and 512, cost
${SIZES.map((size) => r.figure(`of${size}`, { windows: 'from all over' })).join(', ')} nats against the population. Neighbouring
windows share most of their text, and a batch of them is no sample of anything: they cost
${SIZES.map((size) => r.figure(`of${size}`, { windows: 'neighbours' })).join(', ')}.`,
});
