import { loadDataset } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

export default defineStudy({
  name: 'output-convolution',
  title: 'One output convolution or two',
  topic: 'optimisation',
  claim: 'Where data are few, one output convolution does as well as the two of the paper.',
  source: 'Practitioners’ lore; van den Oord et al. 2016, "WaveNet", section 2.4, has two.',
  refuted: 'a loss that is more than 0.02 nats higher with one, on a twentieth of the text',
  factors: { layers: [1, 2], share: [0.05, 0.9] },
  scales: { full: { steps: 800 }, quick: { steps: 100 }, tiny: { steps: 3 } },
  measures: {
    validation: { says: 'validation loss, the best on the way', unit: 'nats' },
    parameters: { says: 'parameters', digits: 0 },
  },
  async run({ layers, share }, context) {
    const few = share as number;
    const split = [few, 0.1, few === 0.9 ? 0 : 0.85] as const;
    const data = await loadDataset({ tokenizer: context.data.tokenizer, split });
    const settings = {
      ...{ nEmbd: 32, nResidual: 32, nGate: 32, nSkip: 32, nBlock: 5, dilations: [1, 2, 4, 8, 16] },
      ...{ outputLayers: layers, batchSize: 16, lr: 3e-3, steps: context.scale.steps },
      evalInterval: Math.max(1, context.scale.steps / 10),
    };
    using run = await train('wavenet', settings, { seed: context.seed, data });
    return { validation: run.result.best!.loss, parameters: run.parameters };
  },
  checks: [
    {
      says: 'a twentieth of the text: loss with one less loss with two',
      of: (cell: Cells) =>
        cell({ layers: 1, share: 0.05 }).validation! - cell({ layers: 2, share: 0.05 }).validation!,
      holds: 'below',
      line: 0.02,
      unit: 'nats',
    },
    {
      says: 'nine tenths of the text: the same',
      of: (cell: Cells) =>
        cell({ layers: 1, share: 0.9 }).validation! - cell({ layers: 2, share: 0.9 }).validation!,
      holds: 'below',
      line: 0.02,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [{ kind: 'dots', measure: 'validation', title: 'Validation loss' }],
  discussion: (
    r,
  ) => `On 56,000 characters the second convolution changes the loss by ${r.check(0)}, on a million by ${r.check(1)} (one less
two: what is above 0 speaks for two). It costs ${Math.round(r.mean('parameters', { layers: 2 }) - r.mean('parameters', { layers: 1 })).toLocaleString('en-US')} parameters.`,
});
