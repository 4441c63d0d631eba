import { type Cells, defineStudy } from 'nanogpt/study';
import { SWITCHES } from './lib/switches.js';
import { train } from './lib/train.js';

const MUON = { optimizer: 'muon', lr: 0.02, minLr: 0, adamwLr: 3e-3 };

/** Each adds to those before it; the first is gpt/char as its preset has it, the last gpt/modern. */
const ADDED: Record<string, Record<string, unknown>> = {
  'gpt/char': {},
  'rotary positions': { position: 'rotary' },
  'bilinear units': { activation: 'bilinear' },
  'RMSNorm and QK-norm': { norm: 'rms', qkNorm: true },
  'head of its own': { tiedHead: false },
  Muon: MUON,
};
const STEPS = Object.keys(ADDED);

/** All that is added up to this one. */
function upTo(added: string): Record<string, unknown> {
  const all = STEPS.slice(0, STEPS.indexOf(added) + 1).map((name) => ADDED[name]!);
  return Object.assign({}, ...all) as Record<string, unknown>;
}

export default defineStudy({
  name: 'modern',
  title: 'A modern GPT, a change at a time',
  topic: 'architecture',
  claim:
    'What lowers the loss of gpt/char alone still lowers it on top of the others: rotary positions, gated units, norms of queries and keys, a head of its own, and Muon.',
  source:
    'Jordan et al. 2024, "modded-nanogpt" (its record’s list of changes); Jordan 2024, "Muon"; this project’s switches.',
  refuted: 'a change that does not lower the loss of a net that has those before it',
  factors: { added: STEPS },
  ...SWITCHES,
  async run({ added }, context) {
    const settings = { preset: 'char', ...upTo(added as string), steps: context.scale.steps };
    using run = await train('gpt', settings, context);
    return { validation: run.validation, parameters: run.parameters };
  },
  checks: STEPS.slice(1).map((added, i) => ({
    says: `with ${added}, less without`,
    of: (cell: Cells) => cell({ added }).validation! - cell({ added: STEPS[i]! }).validation!,
    holds: 'below' as const,
    line: 0,
    unit: 'nats',
  })),
  charts: [
    { kind: 'dots', measure: 'validation', title: 'Validation loss of gpt/char, changes added up' },
  ],
  discussion: (
    r,
  ) => `Each line has all changes above it. gpt/char stands at ${r.figure('validation', { added: 'gpt/char' })}, with all of them,
which is gpt/modern, at ${r.figure('validation', { added: 'Muon' })}. Muon brings ${r.check(4)}, more than all the others together;
its steps take longer, which [the models' page](../models/gpt.md) states. A head of its own, which pays alone at nanoGPT's rate, costs
${r.check(3)} here, by AdamW; beside Muon five seeds without one end no better (docs/log.md), so that gpt/modern keeps it. What each change is worth alone, at nanoGPT's rate of 1e-3, a
third of this preset's: [tricks](tricks.md), [norms and positions](norms-positions.md), [gated layers](gated-ffn.md).`,
});
