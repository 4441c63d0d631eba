import { Generator, meanLoss, samplerOf } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { SMALL_MLP, train } from './lib/train.js';

const COUNTS = [1, 5, 20, 80];

export default defineStudy({
  name: 'evaluation-noise',
  title: 'The noise of an evaluation on k batches',
  topic: 'reproducibility',
  claim:
    'The noise of an evaluation on k random batches falls as 1/√k, and on 20 batches of 128 examples it is larger than that of the seeds.',
  source: 'Statistics; the habit of nanoGPT and others to score random batches.',
  refuted:
    'a standard deviation on 20 batches that is not 1/√20 of that on one within a fifth, or is below 0.01 nats',
  factors: { batches: COUNTS },
  scales: {
    full: { steps: 1500, draws: 200 },
    quick: { steps: 200, draws: 50 },
    tiny: { steps: 2, draws: 5 },
  },
  measures: { sd: { says: 'standard deviation of the evaluated loss', unit: 'nats', digits: 4 } },
  async run({ batches }, context) {
    const { steps, draws } = context.scale;
    using run = await train('mlp', { ...SMALL_MLP, steps }, context);
    const { model } = run;
    const options = {
      batchSize: 128,
      blockSize: model.blockSize,
      target: model.target,
      name: 'validation',
    };
    const sampler = samplerOf(
      context.data.splits.validation,
      options,
      new Generator(context.seed, 1),
    );
    const losses = Array.from({ length: draws }, () => {
      // A sampler fills the same arrays anew.
      const drawn = Array.from({ length: batches as number }, () => {
        const { inputs, targets } = sampler.next();
        const { blockSize } = model;
        return { rows: 128, blockSize, inputs: inputs.slice(), targets: targets.slice() };
      });
      return meanLoss(model, drawn);
    });
    const mean = losses.reduce((sum, l) => sum + l, 0) / draws;
    const variance = losses.reduce((sum, l) => sum + (l - mean) ** 2, 0) / (draws - 1);
    return { sd: Math.sqrt(variance) };
  },
  checks: [
    {
      says: '√20 times the noise on 20 batches, over that on one',
      of: (cell: Cells) => (Math.sqrt(20) * cell({ batches: 20 }).sd!) / cell({ batches: 1 }).sd!,
      holds: 'between',
      line: [0.8, 1.2],
      unit: '×',
    },
    {
      says: 'noise on 20 batches of 128 examples',
      of: (cell: Cells) => cell({ batches: 20 }).sd!,
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'sd',
      x: 'batches',
      logX: true,
      log: true,
      title: 'Noise by number of batches',
    },
  ],
  discussion: (
    r,
  ) => `On 1, 5, 20 and 80 batches the standard deviation is ${COUNTS.map((batches) => r.figure('sd', { batches })).join(', ')} nats. That is why
every other page scores the whole validation split, always the same.`,
});
