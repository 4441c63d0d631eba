import { type Cells, defineStudy } from 'nanogpt/study';
import { oneAtATime, worth } from './lib/switches.js';

const LLAMA = { norm: 'rms', position: 'rotary', activation: 'swiglu' };
const CHANGES: Record<string, Record<string, unknown>> = {
  none: {},
  RMSNorm: { norm: 'rms' },
  'rotary positions': { position: 'rotary' },
  SwiGLU: { activation: 'swiglu' },
  'head of its own': { tiedHead: false },
  'one head of keys and values': { nKvHead: 1 },
  'with biases': { bias: true },
  'RMSNorm, rotary and SwiGLU': LLAMA,
};

export default defineStudy({
  name: 'llama-changes',
  title: 'What each of Llama’s changes to GPT is worth',
  topic: 'architecture',
  claim:
    'Each of Llama’s changes (RMSNorm, rotary positions, SwiGLU) lowers the loss on this text, and together they add up.',
  source: 'Touvron et al. 2023, "LLaMA", section 2.2.',
  refuted:
    'a change that does not lower the loss by itself, or three that together bring less than 0.9 of their sum',
  ...oneAtATime(CHANGES),
  checks: [
    ...['RMSNorm', 'rotary positions', 'SwiGLU'].map((change) => ({
      says: `${change}, alone`,
      of: worth(change),
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
    })),
    {
      says: 'the three together, over the sum of what they bring alone',
      of: (cell: Cells) =>
        worth('RMSNorm, rotary and SwiGLU')(cell) /
        (worth('RMSNorm')(cell) + worth('rotary positions')(cell) + worth('SwiGLU')(cell)),
      holds: 'above',
      line: 0.9,
      unit: '×',
    },
    ...['head of its own', 'one head of keys and values', 'with biases'].map((change) => ({
      says: `${change}, alone`,
      of: worth(change),
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
      aside: true as const,
    })),
  ],
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char, one change at a time',
    },
  ],
  discussion: (
    r,
  ) => `gpt/char at nanoGPT's rate, 2,000 steps, stands at ${r.figure('validation', { change: 'none' })}; with all three changes at
${r.figure('validation', { change: 'RMSNorm, rotary and SwiGLU' })}. Rotary positions are worth ${r.check(1)}, SwiGLU ${r.check(2)}, RMSNorm ${r.check(0)}.`,
});
