import { defineStudy } from 'nanogpt/study';
import { type NonlinearityName, scaleThroughDepth } from './lib/depth.js';

export default defineStudy({
  name: 'init-depth-smooth',
  title: 'Kaiming’s gain for GELU and SiLU',
  topic: 'initialisation',
  claim:
    'The gain that Kaiming has for ReLU also keeps the scale through depth with GELU and SiLU.',
  source:
    'Practitioners’ lore: PyTorch’s calculate_gain has no gain for either, and code takes that of ReLU.',
  refuted: 'a signal that shrinks or grows more than threefold over thirty layers',
  factors: { nonlinearity: ['relu', 'gelu', 'silu'], depth: [3, 10, 30] },
  data: null,
  scales: { full: { width: 256 }, quick: { width: 128 }, tiny: { width: 16 } },
  measures: { scale: { says: 'log10 of the last layer’s size over the first’s', digits: 2 } },
  run: ({ nonlinearity, depth }, { seed, scale: { width } }) => ({
    scale: scaleThroughDepth(nonlinearity as NonlinearityName, 'kaiming', seed, {
      depth: depth as number,
      width,
    }),
  }),
  checks: ['gelu', 'silu'].map((nonlinearity) => ({
    says: `${nonlinearity}: within a factor of three after thirty layers`,
    of: (cell) => cell({ nonlinearity, depth: 30 }).scale!,
    holds: 'between' as const,
    line: [-0.477, 0.477] as const,
    unit: 'powers of ten',
  })),
  charts: [
    { kind: 'lines', measure: 'scale', x: 'depth', lines: 'nonlinearity', title: 'Scale by depth' },
  ],
  discussion: (
    r,
  ) => `Both are below ReLU for small positive inputs, so each layer loses a little, and the smaller the signal, the larger
the share: after three layers 10^${r.figure('scale', { nonlinearity: 'gelu', depth: 3 })} and
10^${r.figure('scale', { nonlinearity: 'silu', depth: 3 })}, after thirty 10^${r.figure('scale', { nonlinearity: 'gelu', depth: 30 })} and
10^${r.figure('scale', { nonlinearity: 'silu', depth: 30 })}. In a shallow net, or one with norms, it does no harm.`,
});
