import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

/** The published schedule and its rivals, by the share of the steps after which the rate falls to a tenth. */
const SCHEDULES: Record<string, (steps: number) => Record<string, unknown>> = {
  'drop at 1,000 of 1,400': (steps) => ({
    schedule: 'step',
    stepAt: [Math.round((steps * 5) / 7)],
  }),
  'drop at 1,260': (steps) => ({ schedule: 'step', stepAt: [Math.round(steps * 0.9)] }),
  never: () => ({ schedule: 'constant' }),
  cosine: () => ({ schedule: 'cosine', minLr: 0.007 }),
};

export default defineStudy({
  name: 'mlp-decay',
  title: 'When the published MLP’s rate should drop',
  topic: 'optimisation',
  claim:
    'The published MLP’s rate falls to a tenth after 1,000 of its 1,400 steps; it could do so much later.',
  source: 'The published MLP’s own notes.',
  refuted:
    'a loss that rises when the rate drops after 1,260 steps, in the given budget and in twice that',
  factors: { schedule: Object.keys(SCHEDULES), budget: [1, 2] },
  data: { tokenizer: 'p50k_base', split: [0.8, 0.1, 0.1] },
  // The published net has 200 channels and units; its 20 million parameters would take an hour and a half of runs.
  scales: {
    full: { steps: 1400, channels: 32 },
    quick: { steps: 100, channels: 8 },
    tiny: { steps: 2, channels: 2 },
  },
  measures: { validation: { says: 'validation loss', unit: 'nats per token' } },
  async run({ schedule, budget }, context) {
    const { channels } = context.scale;
    const steps = context.scale.steps * (budget as number);
    const settings = {
      ...{ preset: 'published', nEmbd: channels, nHidden: channels, steps, stepAt: undefined },
      ...SCHEDULES[schedule as string]!(steps),
    };
    using run = await train('mlp', settings, context);
    return { validation: run.validation };
  },
  checks: [1, 2].map((budget) => ({
    says: `${budget === 1 ? '1,400' : '2,800'} steps: the loss with the later drop less that with the published one`,
    of: (cell: Cells) =>
      cell({ schedule: 'drop at 1,260', budget }).validation! -
      cell({ schedule: 'drop at 1,000 of 1,400', budget }).validation!,
    holds: 'below' as const,
    line: 0,
    unit: 'nats',
  })),
  charts: [
    { kind: 'dots', measure: 'validation', title: 'Validation loss by schedule and budget' },
  ],
  discussion: (r) => `The published net at a sixth of its width. Validation losses in 1,400 steps:
${Object.keys(SCHEDULES)
  .map((schedule) => `${schedule}, ${r.figure('validation', { schedule, budget: 1 })}`)
  .join('; ')}; in 2,800:
${Object.keys(SCHEDULES)
  .map((schedule) => `${schedule}, ${r.figure('validation', { schedule, budget: 2 })}`)
  .join('; ')}.`,
});
