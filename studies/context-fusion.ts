import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

/** Ways to make one vector of eight embeddings, each with about as many parameters. */
const WAYS: Record<string, readonly [kind: string, settings: Record<string, unknown>]> = {
  'the last token alone': ['mlp', { blockSize: 1, nHidden: 300 }],
  averaged: ['mlp', { blockSize: 8, nHidden: 300, combine: 'mean' }],
  flattened: ['mlp', { blockSize: 8, nHidden: 130 }],
  'two at a time': [
    'hierarchical',
    { blockSize: 8, nHidden: 72, norm: 'none', outputGain: 0.1, hiddenGain: 1.6 },
  ],
};

const loss = (cell: Cells, way: string) => cell({ way }).validation!;

export default defineStudy({
  name: 'context-fusion',
  title: 'Flattening, averaging, fusing step by step',
  topic: 'architecture',
  claim:
    'Embeddings laid end to end predict better than averaged ones, and fusing them two at a time better still, at equal parameters.',
  source:
    'Bengio et al. 2003, section 2 (flattening); van den Oord et al. 2016, figure 3, and Karpathy 2022, makemore part 5 (fusing).',
  refuted:
    'a gain of less than 0.1 nats of flattening over averaging, or of less than 0.01 of fusing over flattening',
  factors: { way: Object.keys(WAYS) },
  scales: { full: { steps: 4000 }, quick: { steps: 300 }, tiny: { steps: 3 } },
  measures: {
    validation: { says: 'validation loss', unit: 'nats', digits: 4 },
    parameters: { says: 'parameters', digits: 0 },
  },
  async run({ way }, context) {
    const [kind, settings] = WAYS[way as string]!;
    const training = {
      ...{ split: [0.9, 0.1, 0], optimizer: 'adamw', lr: 3e-3, schedule: 'cosine', minLr: 1e-4 },
      ...{ warmupSteps: 50, batchSize: 128, nEmbd: 16, steps: context.scale.steps },
    };
    const preset = kind === 'mlp' ? { preset: 'chars' } : {};
    using run = await train(kind, { ...preset, ...training, ...settings }, context);
    return { validation: run.validation, parameters: run.parameters };
  },
  checks: [
    {
      says: 'averaged less flattened',
      of: (cell: Cells) => loss(cell, 'averaged') - loss(cell, 'flattened'),
      holds: 'above',
      line: 0.1,
      unit: 'nats',
    },
    {
      says: 'flattened less two at a time',
      of: (cell: Cells) => loss(cell, 'flattened') - loss(cell, 'two at a time'),
      holds: 'above',
      line: 0.01,
      unit: 'nats',
    },
    {
      says: 'the last token alone less averaged',
      of: (cell: Cells) => loss(cell, 'the last token alone') - loss(cell, 'averaged'),
      holds: 'above',
      line: 0,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    { kind: 'dots', measure: 'validation', title: 'Validation loss, eight characters of context' },
  ],
  discussion: (r) =>
    `Eight characters of context. ${Object.keys(WAYS)
      .map(
        (way) =>
          `${way}: ${r.figure('validation', { way })} with ${r.figure('parameters', { way })} parameters`,
      )
      .join(
        '; ',
      )}. An average does not know which character came last, and that is what matters most.`,
});
