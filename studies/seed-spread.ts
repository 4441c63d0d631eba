import { defineStudy } from 'nanogpt/study';
import { MODELS } from './lib/models.js';
import { train } from './lib/train.js';

export default defineStudy({
  name: 'seed-spread',
  title: 'How far seeds alone spread a loss',
  topic: 'reproducibility',
  claim:
    'Seeds alone move the final validation loss of a small model by about a hundredth of a nat, so that smaller differences between two single runs say nothing.',
  source:
    'Practitioners\' lore; Bouthillier et al. 2021, "Accounting for variance in machine learning benchmarks", section 3.',
  refuted: 'a model whose losses lie less than 0.001 nats, or more than 0.05, from their mean',
  factors: { model: Object.keys(MODELS) },
  seeds: 10,
  scales: { full: { steps: 1500 }, quick: { steps: 200 }, tiny: { steps: 4 } },
  measures: { validation: { says: 'validation loss', unit: 'nats', digits: 4 } },
  async run({ model }, context) {
    const [kind, settings] = MODELS[model as string]!;
    using run = await train(kind, { ...settings, steps: context.scale.steps }, context);
    return { validation: run.validation };
  },
  checks: ['mlp', 'hierarchical', 'wavenet', 'gpt', 'llama'].map((model) => ({
    says: `${model}: mean distance of a seed's loss from the mean of all seeds`,
    of: (cell, all) => {
      const mean = all.reduce((sum, other) => sum + other({ model }).validation!, 0) / all.length;
      return Math.abs(cell({ model }).validation! - mean);
    },
    holds: 'between' as const,
    line: [0.001, 0.05] as const,
    unit: 'nats',
  })),
  charts: [{ kind: 'dots', measure: 'validation', title: 'Mean validation loss over ten seeds' }],
  discussion: (
    r,
  ) => `The yardstick of every other page: the mean distance is ${r.check(0)} for the MLP, ${r.check(2)} for
WaveNet and ${r.check(3)} for GPT. The standard deviation is about 1.25 times that, and two single runs differ by about 1.4
standard deviations. Every other study therefore compares runs that share a seed, which takes part of this noise out.`,
});
