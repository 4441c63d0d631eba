import { noGrad, Scope, softmax, tensor } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { distribution, predictions } from './lib/predict.js';
import { SMALL_MLP, train } from './lib/train.js';

const TEMPERATURES = [0.25, 0.5, 1, 2, 4];

export default defineStudy({
  name: 'softmax-scale',
  title: 'Softmax: shift and scale',
  topic: 'softmax',
  claim:
    'A constant added to all logits changes nothing, and a factor changes everything: the higher the temperature, the higher the entropy and the lower the confidence.',
  source:
    'Goodfellow, Bengio and Courville 2016, "Deep learning", section 6.2.2.3; practitioners’ lore.',
  refuted:
    'a probability that moves by 10⁻⁵ under a shift of 10, or an entropy that does not rise with temperature',
  factors: { temperature: TEMPERATURES },
  scales: {
    full: { steps: 1000, tokens: 4000 },
    quick: { steps: 100, tokens: 500 },
    tiny: { steps: 2, tokens: 50 },
  },
  measures: {
    shift: { says: 'greatest change of a probability when 10 is added to all logits', digits: 7 },
    entropy: { says: 'entropy', unit: 'nats' },
    confidence: { says: 'mean probability of the likeliest' },
  },
  async run({ temperature }, context) {
    const { steps, tokens } = context.scale;
    using run = await train('mlp', { ...SMALL_MLP, steps }, context);
    const p = predictions(run.model, context.data.splits.validation.ids, tokens);
    const n = p.targets.length;
    let [entropy, confidence] = [0, 0];
    for (let i = 0; i < n; i++) {
      const q = distribution(p, i, temperature as number);
      for (const x of q) if (x > 0) entropy -= x * Math.log(x);
      confidence += q.reduce((a, b) => Math.max(a, b), 0);
    }
    using _all = new Scope();
    const logits = tensor(p.logits, { shape: [n, p.vocabSize] }).div(temperature as number);
    const [plain, moved] = noGrad(() => [softmax(logits), softmax(logits.add(10))]);
    const shift = plain!.sub(moved!).abs().max().itemSync();
    return { shift, entropy: entropy / n, confidence: confidence / n };
  },
  checks: [
    {
      says: 'greatest change under the shift, over all temperatures',
      of: (cell: Cells) =>
        Math.max(...TEMPERATURES.map((temperature) => cell({ temperature }).shift!)),
      holds: 'below',
      line: 1e-5,
    },
    {
      says: 'least rise of the entropy from one temperature to the next',
      of: (cell: Cells) => least(cell, 'entropy', 1),
      holds: 'above',
      line: 0,
      unit: 'nats',
    },
    {
      says: 'least fall of the confidence',
      of: (cell: Cells) => least(cell, 'confidence', -1),
      holds: 'above',
      line: 0,
    },
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'entropy',
      x: 'temperature',
      logX: true,
      title: 'Entropy by temperature',
    },
    {
      kind: 'lines',
      measure: 'confidence',
      x: 'temperature',
      logX: true,
      title: 'Confidence by temperature',
    },
  ],
  discussion: (
    r,
  ) => `The predictions of a small MLP. From a temperature of ¼ to 4 their entropy goes from
${r.figure('entropy', { temperature: 0.25 })} to ${r.figure('entropy', { temperature: 4 })} nats (ln 65 is 4.174), and the likeliest
character's probability from ${r.figure('confidence', { temperature: 0.25 })} to ${r.figure('confidence', { temperature: 4 })}. What a shift
of 10 moves, ${r.check(0)} at most, is rounding of float32.`,
});

function least(cell: Cells, measure: 'entropy' | 'confidence', sign: number): number {
  const values = TEMPERATURES.map((temperature) => cell({ temperature })[measure]!);
  return Math.min(...values.slice(1).map((value, i) => sign * (value - values[i]!)));
}
