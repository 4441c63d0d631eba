import { type Cells, defineStudy } from 'nanogpt/study';
import { SWITCHES, switched } from './lib/switches.js';

const LLAMA = { norm: 'rms', position: 'rotary', activation: 'swiglu' };
const THREEFOLD = { lr: 3e-3, minLr: 3e-4 };

/** Tricks of nanoGPT's speedrun that are a setting here. */
const TRICKS: Record<string, Record<string, unknown>> = {
  'QK-norm': { qkNorm: true },
  'zero projections': { zeroProjections: true },
  'softcap 15': { logitSoftcap: 15 },
  'residual scalars': { residualScalars: true },
  'value embeddings': { valueEmbeddings: true },
  'head of its own': { tiedHead: false },
  'activation relu squared': { activation: 'reluSquared' },
};

const CHANGES: Record<string, Record<string, unknown>> = {
  none: {},
  ...TRICKS,
  biases: { bias: true },
  'norm rms': { norm: 'rms' },
  'norm rms without gains': { norm: 'rms', normGain: false },
  'norm none': { norm: 'none' },
  'norm after': { normPlace: 'after' },
  'positions rotary': { position: 'rotary' },
  'positions sinusoidal': { position: 'sinusoidal' },
  'positions none': { position: 'none' },
  'activation relu': { activation: 'relu' },
  'activation silu': { activation: 'silu' },
  'activation swiglu': { activation: 'swiglu' },
  'activation geglu': { activation: 'geglu' },
  'activation reglu': { activation: 'reglu' },
  'activation bilinear': { activation: 'bilinear' },
  'activation glu': { activation: 'glu' },
  'one head of keys and values': { nKvHead: 1 },
  'parallel blocks': { parallel: true },
  'windows of 16': { window: 16 },
  'dropout 0.1': { dropout: 0.1 },
  llama: LLAMA,
  'llama, rate 3e-3': { ...LLAMA, ...THREEFOLD },
  'rate 3e-3': THREEFOLD,
};

export default defineStudy({
  name: 'switches',
  title: 'Every switch of a transformer',
  topic: 'architecture',
  claim:
    'The tricks with which nanoGPT’s training was sped up each lower the loss of a net this small, too, after as many steps.',
  source:
    'Jordan et al. 2024, "modded-nanogpt" (its record’s list of changes); practitioners’ lore.',
  refuted: 'a trick that does not lower the loss',
  factors: { change: Object.keys(CHANGES) },
  ...SWITCHES,
  run: ({ change }, context) => switched(CHANGES[change as string]!, context),
  checks: Object.keys(CHANGES)
    .filter((change) => change !== 'none')
    .map((change) => ({
      says: change,
      of: (cell: Cells) => cell({ change }).validation! - cell({ change: 'none' }).validation!,
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
      ...(!Object.hasOwn(TRICKS, change) && { aside: true as const }),
    })),
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char, one setting changed at a time',
    },
  ],
  discussion: (
    r,
  ) => `gpt/char at nanoGPT's rate, 2,000 steps, stands at ${r.figure('validation', { change: 'none' })}. Of the tricks ReLU² brings
${r.check(6)}, QK-norm ${r.check(0)}, a head of its own and value embeddings less; the others show nothing at this size. As asides, all other settings of
the transformer: [what each of Llama's changes is worth](llama-changes.md) and [gated feed-forward layers](gated-ffn.md) judge
some of them. The runs were made for a table, on 29 and 30 November 2026; the claim was put to them afterwards.`,
});
