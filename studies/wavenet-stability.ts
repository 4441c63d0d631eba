import { type Cells, defineStudy } from 'nanogpt/study';
import { atMostNothing, NOTHING, train } from './lib/train.js';

// At 0.01 and below no seed has a single spike.
const RATES = [0.03, 0.1, 0.3];
const WARMUPS = [0, 100];
const PARTS = [1, 4];

/** Mean over all cells that have these levels of a cell's share. */
function share(cell: Cells, fixed: Record<string, number>): number {
  const all = RATES.flatMap((rate) =>
    WARMUPS.flatMap((warmup) => PARTS.map((accumulation) => ({ rate, warmup, accumulation }))),
  ).filter((levels) =>
    Object.entries(fixed).every(([factor, level]) => levels[factor as 'rate'] === level),
  );
  return all.reduce((sum, levels) => sum + cell(levels).spikes!, 0) / all.length;
}

export default defineStudy({
  name: 'wavenet-stability',
  title: 'Warm-up, accumulation and WaveNet’s instability',
  topic: 'optimisation',
  claim: 'Warm-up and gradient accumulation tame the instability of WaveNet at high rates.',
  source:
    'Practitioners’ lore, from the published WaveNet (warm-up over 1,500 steps, eight micro-batches).',
  refuted:
    'as many spikes with a warm-up of 100 steps, or with four micro-batches to a step, as without',
  factors: { rate: RATES, warmup: WARMUPS, accumulation: PARTS },
  scales: { full: { steps: 400 }, quick: { steps: 100 }, tiny: { steps: 4 } },
  measures: {
    // A run that diverged has nothing but spikes.
    spikes: { says: 'spikes in a hundred steps', digits: 2, failed: 100 },
    validation: { says: 'validation loss', unit: 'nats', failed: NOTHING },
  },
  async run({ rate, warmup, accumulation }, context) {
    const settings = {
      ...{ nEmbd: 24, nResidual: 24, nGate: 24, nSkip: 24, nBlock: 5, dilations: [1, 2, 4, 8, 16] },
      ...{ schedule: 'constant', clipNorm: 0, batchSize: 8, steps: context.scale.steps },
      ...{ lr: rate, warmupSteps: warmup, gradAccumulation: accumulation },
    };
    const losses: number[] = [];
    using run = await train('wavenet', settings, context, (trainer) => {
      trainer.on('step', ({ loss }) => losses.push(loss));
    });
    // A spike: 0.5 nats above the mean of the ten steps before.
    const spikes = losses.filter((loss, i) => {
      const before = losses.slice(Math.max(0, i - 10), i);
      return i >= 10 && loss > before.reduce((sum, l) => sum + l / before.length, 0) + 0.5;
    });
    return {
      spikes: (100 * spikes.length) / losses.length,
      validation: atMostNothing(run.validation),
    };
  },
  checks: [
    {
      says: 'spikes in a hundred steps with warm-up less those without, over all cells',
      of: (cell: Cells) => share(cell, { warmup: 100 }) - share(cell, { warmup: 0 }),
      holds: 'below',
      line: 0,
    },
    {
      says: 'with four micro-batches less with one',
      of: (cell: Cells) => share(cell, { accumulation: 4 }) - share(cell, { accumulation: 1 }),
      holds: 'below',
      line: 0,
    },
    {
      says: 'at the highest rate: validation loss with warm-up less without',
      of: (cell: Cells) =>
        cell({ rate: 0.3, warmup: 100, accumulation: 1 }).validation! -
        cell({ rate: 0.3, warmup: 0, accumulation: 1 }).validation!,
      holds: 'below',
      line: 0,
      unit: 'nats',
      aside: true,
    },
    {
      says: 'at the highest rate: validation loss with four micro-batches less one',
      of: (cell: Cells) =>
        cell({ rate: 0.3, warmup: 0, accumulation: 4 }).validation! -
        cell({ rate: 0.3, warmup: 0, accumulation: 1 }).validation!,
      holds: 'below',
      line: 0,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    { kind: 'dots', measure: 'spikes', title: 'Spikes in a hundred steps' },
    { kind: 'dots', measure: 'validation', title: 'Validation loss' },
  ],
  discussion: (
    r,
  ) => `A spike is a step whose loss lies half a nat above the mean of the ten before it. At a rate of 0.3, alone, there are
${r.figure('spikes', { rate: 0.3, warmup: 0, accumulation: 1 })} in a hundred steps; with warm-up
${r.figure('spikes', { rate: 0.3, warmup: 100, accumulation: 1 })}, with accumulation
${r.figure('spikes', { rate: 0.3, warmup: 0, accumulation: 4 })}, with both
${r.figure('spikes', { rate: 0.3, warmup: 100, accumulation: 4 })}. Four micro-batches are four times the examples: the comparison is per
step, and not at equal cost. ${r.failed} runs diverged.`,
});
