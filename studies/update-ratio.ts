import { type Cells, defineStudy } from 'nanogpt/study';
import { atMostNothing, NOTHING, SMALL_MLP, STILL, train } from './lib/train.js';

const RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2];

/** The rate of the lowest loss. */
const bestOf = (cell: Cells) =>
  RATES.reduce((a, b) => (cell({ rate: b }).validation! < cell({ rate: a }).validation! ? b : a));

export default defineStudy({
  name: 'update-ratio',
  title: 'Update-to-data ratios of a thousandth',
  topic: 'optimisation',
  claim: 'At a good rate, a step changes the weights by about a thousandth of their spread.',
  source: 'Karpathy 2022, makemore part 3 (lecture): "roughly 1e−3 on a log plot".',
  refuted:
    'a ratio at the best rate that lies outside 10^−3.5 to 10^−2.5 in the middle of training',
  factors: { rate: RATES },
  scales: { full: { steps: 1500 }, quick: { steps: 150 }, tiny: { steps: 4 } },
  measures: {
    validation: { says: 'validation loss', unit: 'nats', failed: NOTHING },
    ratio: { says: 'log10 of update to data, hidden and output weights, mid-training', digits: 2 },
  },
  async run({ rate }, context) {
    const { steps } = context.scale;
    const ratios: number[] = [];
    const settings = {
      ...{ ...SMALL_MLP, ...STILL, nLayer: 2, lr: rate, steps },
      ...{ probes: true, probeInterval: Math.max(1, Math.round(steps / 30)) },
    };
    using run = await train('mlp', settings, context, (trainer) => {
      trainer.on('probe', ({ model: { step, parameters } }) => {
        if (step < steps / 4 || step > (3 * steps) / 4) return;
        for (const { path, updateToData } of parameters) {
          if (/weight$/.test(path) && path !== 'embedding.weight' && updateToData !== null) {
            ratios.push(updateToData);
          }
        }
      });
    });
    const ratio = ratios.reduce((sum, r) => sum + r, 0) / ratios.length;
    return { validation: atMostNothing(run.validation), ratio };
  },
  checks: [
    {
      says: 'the ratio at the best rate',
      of: (cell: Cells) => cell({ rate: bestOf(cell) }).ratio!,
      holds: 'between',
      line: [-3.5, -2.5],
      unit: 'powers of ten',
    },
    {
      says: 'the best rate itself',
      of: (cell: Cells) => Math.log10(bestOf(cell)),
      holds: 'between',
      line: [-4, -1],
      unit: 'powers of ten',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'validation',
      x: 'rate',
      logX: true,
      title: 'Validation loss by rate',
    },
    { kind: 'lines', measure: 'ratio', x: 'rate', logX: true, title: 'Update to data by rate' },
  ],
  discussion: (r) =>
    `AdamW at a constant rate. ${RATES.map((rate) => `At ${rate} the loss is ${r.figure('validation', { rate })} and the ratio 10^${r.figure('ratio', { rate })}`).join('; ')}.`,
});
