import { defineStudy } from 'nanogpt/study';
import { eachWorth, FROM_A_TABLE, oneAtATime } from './lib/switches.js';

const CHANGES: Record<string, Record<string, unknown>> = {
  none: {},
  'no norm': { norm: 'none' },
  'norm after the sum': { normPlace: 'after' },
  'no positions': { position: 'none' },
  RMSNorm: { norm: 'rms' },
  'RMSNorm without gains': { norm: 'rms', normGain: false },
  'sinusoidal positions': { position: 'sinusoidal' },
  'rotary positions': { position: 'rotary' },
};
const NEEDED = ['no norm', 'norm after the sum', 'no positions'];
const INSTEAD = ['RMSNorm', 'RMSNorm without gains', 'sinusoidal positions', 'rotary positions'];

export default defineStudy({
  name: 'norms-positions',
  title: 'Norms and positions',
  topic: 'architecture',
  claim:
    'A transformer wants its norms, wants them before the sublayer, and wants to be told positions: each of the three, taken away, costs loss.',
  source:
    'Xiong et al. 2020, "On layer normalization in the transformer architecture"; against it on positions, Haviv et al. 2022, "Transformer language models without positional encodings still learn positional information".',
  refuted: 'one of the three that can be taken away without a higher loss',
  ...oneAtATime(CHANGES),
  checks: [...eachWorth(NEEDED, 'above'), ...eachWorth(INSTEAD, 'below', true)],
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char by its norms and positions',
    },
  ],
  discussion: (
    r,
  ) => `gpt/char at nanoGPT's rate, 2,000 steps, has LayerNorm before each sublayer and learned positions, and stands at
${r.figure('validation', { change: 'none' })}. Having no norms costs ${r.check(0)}, no positions ${r.check(2)}: the mask alone
tells the net something of where it is. A norm after the sum costs ${r.check(1)}. The asides are what could stand in their
place. Rotary positions are the one great gain (${r.check(6)}); sinusoids, which Vaswani and others (2017, section 3.5) found as
good as learned positions, are worse here; RMSNorm is LayerNorm's equal.

${FROM_A_TABLE}`,
});
