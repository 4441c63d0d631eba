import { type Cells, defineStudy } from 'nanogpt/study';
import { atSteps, NORMED, scores } from './lib/batch-norm.js';
import { train } from './lib/train.js';

/** Mean size of the change from one evaluation to the next. */
const jumps = (losses: readonly number[]) =>
  losses.slice(1).reduce((sum, loss, i) => sum + Math.abs(loss - losses[i]!), 0) /
  (losses.length - 1);
const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

export default defineStudy({
  name: 'bn-precise',
  title: 'PreciseBN against the moving average',
  topic: 'batch normalisation',
  claim:
    'Population statistics that are computed anew for an evaluation give a lower loss than the moving average, and a steadier one.',
  source: 'Wu and Johnson 2021, "Rethinking ‘Batch’ in BatchNorm", sections 3.1 and 3.2.',
  refuted:
    'losses by the average that are as low over a training, or that jump no more between evaluations',
  factors: { rate: [0.003, 0.01, 0.03] },
  scales: { full: { steps: 1000 }, quick: { steps: 200 }, tiny: { steps: 20 } },
  measures: {
    step: { says: 'step' },
    ema: { says: 'loss by the moving average', unit: 'nats' },
    precise: { says: 'loss by precise statistics', unit: 'nats' },
    gain: { says: 'what precise statistics gain, mean over evaluations', unit: 'nats', digits: 4 },
    emaJump: { says: 'mean jump between evaluations, average', unit: 'nats', digits: 4 },
    preciseJump: { says: 'mean jump between evaluations, precise', unit: 'nats', digits: 4 },
  },
  async run({ rate }, context) {
    const { steps } = context.scale;
    const points = Array.from({ length: 20 }, (_, i) => Math.round(((i + 1) * steps) / 20));
    const [ema, precise]: number[][] = [[], []];
    using _run = await train('mlp', { ...NORMED, lr: rate, steps }, context, (trainer, model) =>
      atSteps(trainer, points, () => {
        const found = scores(model, context.data, ['ema', 'precise'], context.seed);
        ema!.push(found.ema);
        precise!.push(found.precise);
      }),
    );
    return {
      ...{ step: points, ema: ema!, precise: precise! },
      gain: mean(ema!) - mean(precise!),
      ...{ emaJump: jumps(ema!), preciseJump: jumps(precise!) },
    };
  },
  checks: [
    ...[0.003, 0.01, 0.03].map((rate) => ({
      says: `rate ${rate}: what precise statistics gain`,
      of: (cell: Cells) => cell({ rate }).gain!,
      holds: 'above' as const,
      line: 0,
      unit: 'nats',
    })),
    ...[0.003, 0.01, 0.03].map((rate) => ({
      says: `rate ${rate}: how much more the loss by the average jumps`,
      of: (cell: Cells) => cell({ rate }).emaJump! - cell({ rate }).preciseJump!,
      holds: 'above' as const,
      line: 0,
      unit: 'nats',
    })),
  ],
  charts: [
    {
      kind: 'curves',
      measure: 'ema',
      x: 'step',
      lines: 'rate',
      title: 'Validation loss by the moving average',
    },
    {
      kind: 'curves',
      measure: 'precise',
      x: 'step',
      lines: 'rate',
      title: 'Validation loss by precise statistics',
    },
  ],
  discussion: (
    r,
  ) => `The gain is ${r.figure('gain', { rate: 0.003 })} nats at a rate of 0.003 and ${r.figure('gain', { rate: 0.03 })} at ten times
that: the faster the weights move, the staler an average of the last ten batches or so. At 0.03 the loss jumps by
${r.figure('emaJump', { rate: 0.03 })} from one evaluation to the next, and by ${r.figure('preciseJump', { rate: 0.03 })} with precise statistics.`,
});
