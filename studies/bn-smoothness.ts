import { Generator, type LanguageModel, noGrad, Scope, samplerOf, tensor } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { SMALL_MLP, STILL, train } from './lib/train.js';

const RATES = [0.1, 0.3, 1];

/** The gradient of one batch as one long vector; it is left in place. */
function gradient(model: LanguageModel, inputs: Int32Array, targets: Int32Array): Float64Array {
  using _pass = new Scope();
  model.zeroGrad();
  const x = tensor(inputs, { shape: [targets.length, model.blockSize] });
  model.loss(x, tensor(targets)).backward();
  return Float64Array.from(model.parameters().flatMap((p) => [...p.grad!.dataSync()]));
}

const norm = (v: Float64Array) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));

export default defineStudy({
  name: 'bn-smoothness',
  title: 'BatchNorm and the smoothness of the loss',
  topic: 'batch normalisation',
  claim:
    'Along a gradient step the gradient changes less with BatchNorm than without: the loss is smoother.',
  source:
    'Santurkar, Tsipras, Ilyas and Mądry 2018, "How does batch normalization help optimization?", section 3.',
  refuted: 'a gradient that changes as much, relative to its size, over a step of 0.3 or 1',
  factors: { norm: ['none', 'batch'] },
  scales: { full: { steps: 500 }, quick: { steps: 50 }, tiny: { steps: 2 } },
  measures: Object.fromEntries(
    RATES.map((rate) => [
      `at${rate}`,
      { says: `change of the gradient over a step of ${rate}, of its size`, digits: 2 },
    ]),
  ),
  async run({ norm: kind }, context) {
    const settings = {
      ...{ ...SMALL_MLP, ...STILL, nLayer: 5, activation: 'relu', batchSize: 256 },
      ...{ optimizer: 'sgd', lr: 0.1, norm: kind, steps: context.scale.steps },
    };
    using run = await train('mlp', settings, context);
    const { model } = run;
    model.train();
    const options = {
      batchSize: 256,
      blockSize: model.blockSize,
      target: model.target,
      name: 'train',
    };
    const { inputs, targets } = samplerOf(
      context.data.splits.train,
      options,
      new Generator(context.seed),
    ).next();
    const before = gradient(model, inputs, targets);
    const steps = model.parameters().map((p) => p.grad!.dataSync());
    const move = (rate: number) =>
      noGrad(() => {
        using _move = new Scope();
        model.parameters().forEach((p, i) => {
          p.addScaled_(tensor(steps[i]!, { shape: p.shape }), rate);
        });
      });
    return Object.fromEntries(
      RATES.map((rate) => {
        move(-rate);
        const after = gradient(model, inputs, targets);
        move(rate);
        return [`at${rate}`, norm(after.map((g, i) => g - before[i]!)) / norm(before)];
      }),
    );
  },
  checks: [0.3, 1].map((rate) => ({
    says: `a step of ${rate}: change without BatchNorm less that with it`,
    of: (cell: Cells) =>
      cell({ norm: 'none' })[`at${rate}`]! - cell({ norm: 'batch' })[`at${rate}`]!,
    holds: 'above' as const,
    line: 0,
  })),
  charts: [
    {
      kind: 'dots',
      measure: 'at0.3',
      title: 'How much of the gradient changes over a step of 0.3',
    },
    { kind: 'dots', measure: 'at1', title: 'How much of the gradient changes over a step of 1' },
  ],
  discussion: (
    r,
  ) => `After 500 steps, a step of 1 against one batch's gradient changes that gradient by
${r.figure('at1', { norm: 'none' })} times its size without BatchNorm and by ${r.figure('at1', { norm: 'batch' })} with it. A gradient
that is still right at the end of a step is what a high rate needs.`,
});
