import { type Cells, defineStudy } from 'nanogpt/study';
import { SMALL_MLP, STILL, train } from './lib/train.js';
import { silentUnits } from './lib/units.js';

const RATES = [0.001, 0.01, 0.03];
const share = (flags: ArrayLike<number>) =>
  Array.from(flags).reduce((sum, f) => sum + f, 0) / flags.length;

export default defineStudy({
  name: 'dead-neurons',
  title: 'When ReLU units die, and which come back',
  topic: 'dead neurons',
  claim:
    'ReLU units die early in training and do not come back; the higher the rate and the larger the initial weights, the more of them.',
  source:
    'Karpathy 2022, makemore part 3 (lecture); Lu, Shin, Su and Karniadakis 2019, "Dying ReLU and initialization".',
  refuted:
    'fewer than half of the units that are dead at the end dead after a tenth of it, more than a tenth of those that died alive again, or no more dead units at a higher rate or from larger weights',
  factors: { activation: ['relu', 'leakyRelu'], rate: RATES, gain: [1, 5] },
  scales: { full: { steps: 1000 }, quick: { steps: 200 }, tiny: { steps: 20 } },
  measures: {
    step: { says: 'step' },
    silent: { says: 'share of silent units' },
    dead: { says: 'silent at the end, share' },
    early: { says: 'of these, silent after a tenth of training' },
    revived: { says: 'of those ever silent, speaking at the end' },
    validation: { says: 'validation loss', unit: 'nats' },
  },
  async run({ activation, rate, gain }, context) {
    const { steps } = context.scale;
    const points = Array.from({ length: 20 }, (_, i) => Math.round(((i + 1) * steps) / 20));
    const seen: Uint8Array[] = [];
    const settings = {
      ...{ ...SMALL_MLP, ...STILL, nLayer: 2, hiddenBias: true, activation, lr: rate },
      ...{ hiddenGain: gain, batchSize: 64, steps },
    };
    using run = await train('mlp', settings, context, (trainer, model) => {
      seen.push(silentUnits(model, context.data));
      trainer.on('step', ({ step }) => {
        if (points.includes(step)) seen.push(silentUnits(model, context.data));
      });
    });
    const [tenth, end] = [seen[2]!, seen.at(-1)!];
    const dead = end.reduce((sum, d) => sum + d, 0);
    const both = end.filter((d, i) => d && tenth[i]).length;
    const ever = end.map((_, i) => Number(seen.some((flags) => flags[i])));
    const everCount = ever.reduce((sum, e) => sum + e, 0);
    return {
      ...{ step: [0, ...points], silent: seen.map(share), dead: share(end) },
      early: dead > 0 ? both / dead : NaN,
      revived: everCount > 0 ? (everCount - dead) / everCount : NaN,
      validation: run.validation,
    };
  },
  checks: [
    {
      says: 'rate 0.03: of the dead at the end, those dead after a tenth',
      of: (cell: Cells) => cell({ activation: 'relu', rate: 0.03, gain: 1 }).early!,
      holds: 'above',
      line: 0.5,
    },
    {
      says: 'rate 0.03: of all that died, those that came back',
      of: (cell: Cells) => cell({ activation: 'relu', rate: 0.03, gain: 1 }).revived!,
      holds: 'below',
      line: 0.1,
    },
    {
      says: 'dead share at rate 0.03 less that at 0.001',
      of: (cell: Cells) =>
        cell({ activation: 'relu', rate: 0.03, gain: 1 }).dead! -
        cell({ activation: 'relu', rate: 0.001, gain: 1 }).dead!,
      holds: 'above',
      line: 0.02,
    },
    {
      says: 'rate 0.01: dead share from weights × 5 less that from Kaiming’s',
      of: (cell: Cells) =>
        cell({ activation: 'relu', rate: 0.01, gain: 5 }).dead! -
        cell({ activation: 'relu', rate: 0.01, gain: 1 }).dead!,
      holds: 'above',
      line: 0.02,
    },
  ],
  charts: [
    {
      kind: 'curves',
      measure: 'silent',
      x: 'step',
      lines: 'rate',
      title: 'Share of silent units, by rate (both activations and gains)',
    },
    {
      kind: 'curves',
      measure: 'silent',
      x: 'step',
      lines: 'activation',
      title: 'Share of silent units, by activation (all rates and gains)',
    },
    { kind: 'dots', measure: 'dead', title: 'Share of units silent at the end' },
    { kind: 'dots', measure: 'revived', title: 'Of those ever silent, speaking at the end' },
  ],
  discussion: (
    r,
  ) => `A unit is silent while its output is above 0 for none of 4,096 windows. At the end ${r.figure('dead', { activation: 'relu', rate: 0.001, gain: 1 })} of
the ReLU units are silent at a rate of 0.001, ${r.figure('dead', { activation: 'relu', rate: 0.01, gain: 1 })} at 0.01 and
${r.figure('dead', { activation: 'relu', rate: 0.03, gain: 1 })} at 0.03. Units do come back, though no gradient reaches them: their inputs, the
embeddings and the layer below, go on moving, and Adam's momentum goes on moving their own weights.`,
});
