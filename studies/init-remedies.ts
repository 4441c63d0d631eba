import { type Cells, defineStudy } from 'nanogpt/study';
import { atMostNothing, NOTHING, STILL, train } from './lib/train.js';

const GAINS = [0.2, 1, 3];

/** How far the losses of the three initialisations lie apart. */
function spread(cell: Cells, remedies: Record<string, boolean>): number {
  const losses = GAINS.map((gain) => cell({ ...remedies, gain }).validation!);
  return Math.max(...losses) - Math.min(...losses);
}

const BOTH = [false, true];
const REMEDIES = ['residual', 'norm', 'adam'];

/** What a remedy takes off the spread, averaged over all states of the other two. */
function mainEffect(cell: Cells, remedy: string): number {
  const [a, b] = REMEDIES.filter((other) => other !== remedy);
  const states = BOTH.flatMap((x) => BOTH.map((y) => ({ [a!]: x, [b!]: y })));
  const effects = states.map(
    (state) =>
      spread(cell, { ...state, [remedy]: false }) - spread(cell, { ...state, [remedy]: true }),
  );
  return effects.reduce((sum, effect) => sum + effect, 0) / effects.length;
}

/** How much more one remedy takes off where the other is there too. */
function interaction(cell: Cells, one: string, other: string): number {
  const third = REMEDIES.find((remedy) => remedy !== one && remedy !== other)!;
  const effect = (there: boolean) =>
    BOTH.map((state) => {
      const rest = { [other]: there, [third]: state };
      return spread(cell, { ...rest, [one]: false }) - spread(cell, { ...rest, [one]: true });
    }).reduce((sum, each) => sum + each / 2, 0);
  return effect(true) - effect(false);
}

export default defineStudy({
  name: 'init-remedies',
  title: 'What makes initialisation matter less',
  topic: 'initialisation',
  claim:
    'Residual connections, normalisation and Adam each make a deep net depend less on how its weights begin.',
  source: 'Karpathy 2022, makemore part 3 (lecture); practitioners’ lore.',
  refuted: 'a remedy that leaves the spread over initialisations as it was, or widens it',
  factors: { residual: BOTH, norm: BOTH, adam: BOTH, gain: GAINS },
  scales: { full: { steps: 600 }, quick: { steps: 100 }, tiny: { steps: 3 } },
  measures: {
    validation: { says: 'validation loss', unit: 'nats', failed: NOTHING },
  },
  async run({ residual, norm, adam, gain }, context) {
    const settings = {
      ...{ preset: 'chars', nHidden: 64, nLayer: 10, nEmbd: 16, blockSize: 8 },
      ...{ ...STILL, activation: 'tanh', batchSize: 64, steps: context.scale.steps },
      ...{ residual, norm: norm ? 'batch' : 'none', hiddenGain: gain },
      ...(adam ? { optimizer: 'adamw', lr: 1e-3 } : { optimizer: 'sgd', lr: 0.1 }),
    };
    using run = await train('mlp', settings, context);
    return { validation: atMostNothing(run.validation) };
  },
  checks: [
    ...REMEDIES.map((remedy) => ({
      says: `${remedy === 'adam' ? 'Adam in place of SGD' : remedy === 'norm' ? 'BatchNorm' : 'residual connections'}: how much of the spread goes`,
      of: (cell: Cells) => mainEffect(cell, remedy),
      holds: 'above' as const,
      line: 0.05,
      unit: 'nats',
    })),
    ...[
      ['residual', 'norm'],
      ['residual', 'adam'],
      ['norm', 'adam'],
    ].map(([one, other]) => ({
      says: `interaction of ${one} and ${other}: what the one takes off more with the other there`,
      of: (cell: Cells) => interaction(cell, one!, other!),
      holds: 'above' as const,
      line: 0,
      unit: 'nats',
      aside: true as const,
    })),
  ],
  charts: [
    { kind: 'dots', measure: 'validation', title: 'Validation loss of all 24 combinations' },
    {
      kind: 'lines',
      measure: 'validation',
      x: 'gain',
      lines: 'norm',
      logX: true,
      title: 'By the gain of the initial weights, with BatchNorm and without',
    },
    {
      kind: 'lines',
      measure: 'validation',
      x: 'gain',
      lines: 'residual',
      logX: true,
      title: 'With residual connections and without',
    },
    {
      kind: 'lines',
      measure: 'validation',
      x: 'gain',
      lines: 'adam',
      logX: true,
      title: 'With Adam and with SGD',
    },
  ],
  discussion: (
    r,
  ) => `Ten layers of tanh, each hidden weight × 0.2, × 1 or × 3. What is measured is the spread: the worst of the three
losses less the best. BatchNorm takes ${r.check(1)} off it, residual connections ${r.check(0)}, Adam ${r.check(2)}. A
negative interaction says that two remedies do the same work twice.`,
});
