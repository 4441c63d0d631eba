import { type Cells, defineStudy } from 'nanogpt/study';
import { type NonlinearityName, scaleThroughDepth, WEIGHTS } from './lib/depth.js';

export default defineStudy({
  name: 'init-depth',
  title: 'Kaiming initialisation and depth',
  topic: 'initialisation',
  claim:
    'Weights drawn as Kaiming has them keep the scale of what passes through a deep stack; smaller and larger ones do not.',
  source: 'He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", section 2.2.',
  refuted:
    'a signal that shrinks or grows more than threefold over the stack under Kaiming, or by less under the others',
  factors: {
    nonlinearity: ['relu', 'leakyRelu', 'tanh'],
    weights: Object.keys(WEIGHTS),
  },
  data: null,
  scales: {
    full: { depth: 30, width: 256 },
    quick: { depth: 30, width: 128 },
    tiny: { depth: 4, width: 16 },
  },
  measures: { scale: { says: 'log10 of the last layer’s size over the first’s', digits: 2 } },
  run: ({ nonlinearity, weights }, { seed, scale }) => ({
    scale: scaleThroughDepth(nonlinearity as NonlinearityName, weights as string, seed, scale),
  }),
  checks: [
    ...['relu', 'leakyRelu', 'tanh'].map((nonlinearity) => ({
      says: `${nonlinearity}: Kaiming stays within a factor of three`,
      of: (cell: Cells) => cell({ nonlinearity, weights: 'kaiming' }).scale!,
      holds: 'between' as const,
      line: [-0.477, 0.477] as const,
      unit: 'powers of ten',
    })),
    ...['xavier', 'PyTorch default', 'N(0, 0.02)'].map((weights) => ({
      says: `relu: ${weights} loses more than a factor of three`,
      of: (cell: Cells) => cell({ nonlinearity: 'relu', weights }).scale!,
      holds: 'below' as const,
      line: -0.477,
      unit: 'powers of ten',
    })),
    {
      says: 'relu: twice Kaiming gains more than a factor of three',
      of: (cell: Cells) => cell({ nonlinearity: 'relu', weights: 'twice kaiming' }).scale!,
      holds: 'above',
      line: 0.477,
      unit: 'powers of ten',
    },
    {
      says: 'tanh: Xavier loses more than a factor of three',
      of: (cell: Cells) => cell({ nonlinearity: 'tanh', weights: 'xavier' }).scale!,
      holds: 'below',
      line: -0.477,
      unit: 'powers of ten',
      aside: true,
    },
    {
      says: 'tanh: twice Kaiming gains more than a factor of three',
      of: (cell: Cells) => cell({ nonlinearity: 'tanh', weights: 'twice kaiming' }).scale!,
      holds: 'above',
      line: 0.477,
      unit: 'powers of ten',
      aside: true,
    },
  ],
  charts: [{ kind: 'dots', measure: 'scale', title: 'What thirty layers make of the scale' }],
  discussion: (
    r,
  ) => `ReLU throws half of a signal's energy away, and a weight variance of 2/n gives it back: the size after the last
layer is 10^${r.figure('scale', { nonlinearity: 'relu', weights: 'kaiming' })} of the first's. Xavier, which is made for a linear
layer, loses half of the energy in each: 10^${r.figure('scale', { nonlinearity: 'relu', weights: 'xavier' })}. tanh forgives
what is too large, since it cannot exceed 1: twice Kaiming ends at 10^${r.figure('scale', { nonlinearity: 'tanh', weights: 'twice kaiming' })}
there (saturated, which is another ill), and at 10^${r.figure('scale', { nonlinearity: 'relu', weights: 'twice kaiming' })} with ReLU.`,
});
