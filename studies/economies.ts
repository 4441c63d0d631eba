import { defineStudy } from 'nanogpt/study';
import { eachWorth, FROM_A_TABLE, oneAtATime } from './lib/switches.js';

const CHANGES: Record<string, Record<string, unknown>> = {
  none: {},
  'one head of keys and values': { nKvHead: 1 },
  'parallel blocks': { parallel: true },
  'windows of 16': { window: 16 },
  'with biases': { bias: true },
  'dropout 0.1': { dropout: 0.1 },
};
const SAVED = ['one head of keys and values', 'parallel blocks', 'windows of 16'];
const BESIDES = ['with biases', 'dropout 0.1'];

export default defineStudy({
  name: 'economies',
  title: 'What large models save',
  topic: 'architecture',
  claim:
    'What large models share or leave out for speed costs a small one loss: keys and values in one head, attention and feed-forward side by side, a window of sight.',
  source:
    'Shazeer 2019, "Fast transformer decoding" (a small loss of quality); Chowdhery et al. 2022, "PaLM", section 2 (a small loss at 8 B parameters, none at 62 B); Jiang et al. 2023, "Mistral 7B", section 2.',
  refuted: 'one of the three that does not raise the loss',
  ...oneAtATime(CHANGES),
  checks: [...eachWorth(SAVED, 'above'), ...eachWorth(BESIDES, 'above', true)],
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char, one economy at a time',
    },
  ],
  discussion: (
    r,
  ) => `gpt/char at nanoGPT's rate, 2,000 steps, stands at ${r.figure('validation', { change: 'none' })}. One head of keys and
values for four of queries costs ${r.check(0)} and saves an eighth of the parameters; blocks side by side cost ${r.check(1)}. A window
of 16 in a block of 64 lowers the loss: ${r.check(2)}. Learned positions have little to say about what lies far back, and four
layers see 61 characters anyway. Biases, which PaLM and Llama leave out, and dropout are asides: after 2,000 steps the net is far
from knowing its text by heart.

${FROM_A_TABLE}`,
});
