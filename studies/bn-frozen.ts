import { evaluate, type LanguageModel, noGrad, passOf, Scope, ShuffledPass, tensor } from 'nanogpt';
import { defineStudy } from 'nanogpt/study';
import { NORMED } from './lib/batch-norm.js';
import { train } from './lib/train.js';

/** Loss in training mode, each batch normalised as in training; nothing is learned. */
function lossAsInTraining(model: LanguageModel, batches: ShuffledPass): number {
  let sum = 0;
  model.train();
  for (const { rows, blockSize, inputs, targets } of batches) {
    using _batch = new Scope();
    const x = tensor(inputs, { shape: [rows, blockSize] });
    sum += rows * noGrad(() => model.loss(x, tensor(targets, { shape: [rows] }))).itemSync();
  }
  model.eval();
  return sum / batches.tokens;
}

export default defineStudy({
  name: 'bn-frozen',
  title: 'FrozenNorm in the last part of training',
  topic: 'batch normalisation',
  claim:
    'Training with frozen statistics for the last part closes the gap between how a net behaves in training and in use, at no cost on validation.',
  source: 'Wu and Johnson 2021, "Rethinking ‘Batch’ in BatchNorm", section 4.2.',
  refuted: 'a gap that stays, or a validation loss that rises by more than 0.01 nats',
  factors: { statistics: ['ema', 'precise', 'frozen'] },
  scales: { full: { steps: 3000 }, quick: { steps: 300 }, tiny: { steps: 10 } },
  measures: {
    gap: { says: 'loss in use less loss as in training, same text', unit: 'nats', digits: 4 },
    validation: { says: 'validation loss', unit: 'nats', digits: 4 },
  },
  async run({ statistics }, context) {
    const { steps } = context.scale;
    const settings = {
      ...{ ...NORMED, normVirtualBatch: 8, normStatistics: statistics, steps },
      freezeNormAt: Math.round(steps * 0.7),
    };
    using run = await train('mlp', settings, context);
    const { model, validation } = run;
    const { splits, tokenizer } = context.data;
    const ids = splits.train.ids.subarray(0, 40_000);
    const { loss } = evaluate(model, { name: 'train', ids, bytes: ids.length, tokenizer });
    const { blockSize, target } = model;
    const options = { batchSize: NORMED.batchSize, blockSize, target, name: 'train' };
    // Windows from all over these, as training has them.
    const mixed = new ShuffledPass(passOf({ ids }, options), NORMED.batchSize, context.seed);
    return { gap: loss - lossAsInTraining(model, mixed), validation };
  },
  checks: [
    {
      says: 'the gap with precise statistics less that with frozen ones (absolute sizes)',
      of: (cell) =>
        Math.abs(cell({ statistics: 'precise' }).gap!) -
        Math.abs(cell({ statistics: 'frozen' }).gap!),
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'what is left of the gap with frozen statistics',
      of: (cell) => Math.abs(cell({ statistics: 'frozen' }).gap!),
      holds: 'below',
      line: 0.005,
      unit: 'nats',
    },
    {
      says: 'what freezing costs on validation',
      of: (cell) =>
        cell({ statistics: 'frozen' }).validation! - cell({ statistics: 'precise' }).validation!,
      holds: 'below',
      line: 0.01,
      unit: 'nats',
    },
  ],
  charts: [
    { kind: 'dots', measure: 'gap', title: 'Loss in use less loss as in training' },
    { kind: 'dots', measure: 'validation', title: 'Validation loss' },
  ],
  discussion: (
    r,
  ) => `Statistics over eight windows are noisy, and a net in training lives with that noise while one in use does not: the
two differ by ${r.figure('gap', { statistics: 'precise' })} nats. From seven tenths of the training on with frozen statistics they do the
same thing, and differ by ${r.figure('gap', { statistics: 'frozen' })}.`,
});
