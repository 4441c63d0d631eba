import { type Cells, defineStudy } from 'nanogpt/study';
import { SWITCHES, switched } from './lib/switches.js';

/** From the best to the worst in the paper's table 1 (perplexity after pre-training, heldout). */
const ORDER = ['geglu', 'swiglu', 'reglu', 'bilinear', 'glu', 'gelu', 'silu', 'relu'];
const GATED = ORDER.slice(0, 5);
const loss = (cell: Cells, activation: string) => cell({ activation }).validation!;
const mean = (cell: Cells, kinds: readonly string[]) =>
  kinds.reduce((sum, kind) => sum + loss(cell, kind) / kinds.length, 0);

/** Kendall's tau of two orders: 1 where they are the same, −1 where one is the other backwards. */
function agreement(cell: Cells): number {
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < ORDER.length; i++) {
    for (let j = i + 1; j < ORDER.length; j++) {
      sum += Math.sign(loss(cell, ORDER[j]!) - loss(cell, ORDER[i]!));
      pairs++;
    }
  }
  return sum / pairs;
}

export default defineStudy({
  name: 'gated-ffn',
  title: 'Gated feed-forward layers',
  topic: 'architecture',
  claim:
    'At equal parameters gated feed-forward layers beat plain ones, in the order of the paper’s eight.',
  source: 'Shazeer 2020, "GLU variants improve Transformer", table 1.',
  refuted:
    'a mean of the gated ones that is no lower, or an order that agrees with the paper’s by less than Kendall’s τ of 0.5',
  factors: { activation: ORDER },
  ...SWITCHES,
  run: ({ activation }, context) => switched({ activation }, context),
  checks: [
    {
      says: 'mean loss of the five gated less that of the three plain ones',
      of: (cell: Cells) => mean(cell, GATED) - mean(cell, ORDER.slice(5)),
      holds: 'below',
      line: 0,
      unit: 'nats',
    },
    {
      says: 'agreement of the order with the paper’s (Kendall’s τ)',
      of: agreement,
      holds: 'above',
      line: 0.5,
    },
    {
      says: 'the best gated less relu',
      of: (cell: Cells) => Math.min(...GATED.map((kind) => loss(cell, kind))) - loss(cell, 'relu'),
      holds: 'below',
      line: 0,
      unit: 'nats',
      aside: true,
    },
  ],
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char, the best of the paper first',
    },
  ],
  discussion: (
    r,
  ) => `gpt/char at nanoGPT's rate, 2,000 steps. ${ORDER.map((activation) => `${activation} ${r.figure('validation', { activation })}`).join(', ')}. Here ReLU is the best of the
plain ones and not the worst, and GLU the only gated one that gains nothing: a sigmoid gate halves what passes at first.`,
});
