import { defineStudy } from 'nanogpt/study';
import { eachWorth, FROM_A_TABLE, oneAtATime } from './lib/switches.js';

const CHANGES: Record<string, Record<string, unknown>> = {
  none: {},
  'QK-norm': { qkNorm: true },
  'zero projections': { zeroProjections: true },
  'softcap 15': { logitSoftcap: 15 },
  'residual scalars': { residualScalars: true },
  'value embeddings': { valueEmbeddings: true },
  'head of its own': { tiedHead: false },
  'ReLU squared': { activation: 'reluSquared' },
};

export default defineStudy({
  name: 'tricks',
  title: 'The tricks of nanoGPT’s speedrun',
  topic: 'architecture',
  claim:
    'The tricks with which nanoGPT’s training was sped up each lower the loss of a net this small, too, after as many steps.',
  source:
    'Jordan et al. 2024, "modded-nanogpt" (its record’s list of changes); practitioners’ lore.',
  refuted: 'a trick that does not lower the loss',
  ...oneAtATime(CHANGES),
  checks: eachWorth(Object.keys(CHANGES).slice(1), 'below'),
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char, one trick at a time',
    },
  ],
  discussion: (
    r,
  ) => `gpt/char at nanoGPT's rate, 2,000 steps, stands at ${r.figure('validation', { change: 'none' })}. ReLU² brings
${r.check(6)}, QK-norm ${r.check(0)}, a head of its own and value embeddings less; the others show nothing at this size: they
are for larger nets, higher rates and longer runs. [What some of them are worth on top of one another](modern.md) is a study of
its own.

${FROM_A_TABLE}`,
});
