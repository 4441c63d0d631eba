import { type Cells, defineStudy } from 'nanogpt/study';
import { SMALL_MLP, train } from './lib/train.js';
import { silentUnits } from './lib/units.js';

const KINDS = ['relu', 'leakyRelu', 'tanh', 'sigmoid', 'gelu', 'silu'];
const loss = (cell: Cells, activation: string) => cell({ activation }).validation!;

export default defineStudy({
  name: 'activations',
  title: 'All activations on one net',
  topic: 'architecture',
  claim:
    'GELU and SiLU reach a lower loss than ReLU at little more time, and sigmoid trails all others.',
  source:
    'Hendrycks and Gimpel 2016, "Gaussian error linear units", section 3; Ramachandran, Zoph and Le 2017, "Searching for activation functions".',
  refuted:
    'a loss of GELU or SiLU that is not below that of ReLU, time more than half again as long, or a sigmoid that does as well as any',
  factors: { activation: KINDS },
  scales: { full: { steps: 3000 }, quick: { steps: 300 }, tiny: { steps: 3 } },
  measures: {
    validation: { says: 'validation loss', unit: 'nats', digits: 4 },
    silent: { says: 'units never above 0, share' },
    milliseconds: { says: 'milliseconds of one core to a step' },
  },
  async run({ activation }, context) {
    const { steps } = context.scale;
    const spent = () => process.cpuUsage().user + process.cpuUsage().system;
    let [began, ended] = [0, 0];
    const settings = {
      ...SMALL_MLP,
      nLayer: 3,
      hiddenBias: true,
      batchSize: 64,
      activation,
      steps,
    };
    using run = await train('mlp', settings, context, (trainer) => {
      began = spent();
      trainer.on('step', ({ step }) => {
        if (step === steps) ended = spent();
      });
    });
    const silent = silentUnits(run.model, context.data);
    return {
      validation: run.validation,
      silent: silent.reduce((sum, s) => sum + s, 0) / silent.length,
      milliseconds: (ended - began) / 1000 / steps,
    };
  },
  checks: [
    ...['gelu', 'silu'].map((kind) => ({
      says: `loss of ${kind} less that of relu`,
      of: (cell: Cells) => loss(cell, kind) - loss(cell, 'relu'),
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
    })),
    ...['gelu', 'silu'].map((kind) => ({
      says: `time of ${kind} over that of relu`,
      of: (cell: Cells) =>
        cell({ activation: kind }).milliseconds! / cell({ activation: 'relu' }).milliseconds!,
      holds: 'below' as const,
      line: 1.5,
      unit: '×',
    })),
    {
      says: 'loss of sigmoid less the worst of the others',
      of: (cell: Cells) =>
        loss(cell, 'sigmoid') -
        Math.max(...KINDS.filter((kind) => kind !== 'sigmoid').map((kind) => loss(cell, kind))),
      holds: 'above',
      line: 0,
      unit: 'nats',
    },
  ],
  charts: [
    { kind: 'dots', measure: 'validation', title: 'Validation loss' },
    { kind: 'dots', measure: 'milliseconds', title: 'Milliseconds of one core to a step' },
  ],
  discussion: (r) =>
    `Three layers of 128, Kaiming's gain of each, biases. Losses: ${KINDS.map((activation) => `${activation} ${r.figure('validation', { activation })}`).join(', ')}.`,
});
