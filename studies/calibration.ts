import { loadDataset } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { MODELS } from './lib/models.js';
import { calibration, fittedTemperature, predictions } from './lib/predict.js';
import { SMALL_MLP, train } from './lib/train.js';

const NAMES = [...Object.keys(MODELS), 'mlp, overfitted'];
/** A thirtieth of the text, until it is known by heart. */
const FEW = [0.03, 0.1, 0.87] as const;

export default defineStudy({
  name: 'calibration',
  title: 'Calibration and one temperature',
  topic: 'softmax',
  claim:
    'Trained models are overconfident, and one temperature, fitted on other text, calibrates them.',
  source:
    'Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", sections 3 and 4.2.',
  refuted:
    'a model whose confidence does not exceed its accuracy by 0.01, or whose calibration error the temperature does not lower',
  factors: { model: NAMES },
  scales: {
    full: { steps: 1500, tokens: 12_000 },
    quick: { steps: 200, tokens: 4000 },
    tiny: { steps: 3, tokens: 200 },
  },
  measures: {
    over: { says: 'confidence less accuracy', digits: 4 },
    before: { says: 'calibration error', digits: 4 },
    temperature: { says: 'fitted temperature' },
    after: { says: 'calibration error at that temperature', digits: 4 },
    gain: { says: 'what the temperature takes off the loss', unit: 'nats', digits: 4 },
  },
  async run({ model: name }, context) {
    const { steps, tokens } = context.scale;
    const isOver = name === 'mlp, overfitted';
    const data = isOver
      ? await loadDataset({ tokenizer: context.data.tokenizer, split: FEW })
      : context.data;
    const [kind, settings] = isOver
      ? (['mlp', { ...SMALL_MLP, nHidden: 512, steps: 2 * steps }] as const)
      : MODELS[name as string]!;
    using run = await train(kind, { steps, ...settings }, { seed: context.seed, data });
    const p = predictions(run.model, data.splits.validation.ids, 2 * tokens);
    const half = Math.floor(p.targets.length / 2);
    const temperature = fittedTemperature(p, 0, half);
    const [plain, fitted] = [1, temperature].map((t) => calibration(p, t, half, p.targets.length));
    return {
      ...{ over: plain!.over, before: plain!.error, temperature, after: fitted!.error },
      gain: plain!.loss - fitted!.loss,
    };
  },
  checks: NAMES.flatMap((model) => [
    {
      says: `${model}: confidence less accuracy`,
      of: (cell: Cells) => cell({ model }).over!,
      holds: 'above' as const,
      line: 0.01,
    },
    {
      says: `${model}: what the temperature takes off the calibration error`,
      of: (cell: Cells) => cell({ model }).before! - cell({ model }).after!,
      holds: 'above' as const,
      line: 0,
    },
  ]),
  charts: [
    {
      kind: 'dots',
      measure: 'over',
      title: 'Confidence less accuracy, on text not seen in training',
    },
    { kind: 'dots', measure: 'after', title: 'Calibration error after one temperature' },
  ],
  discussion: (
    r,
  ) => `Models that have not learned their text by heart are calibrated as they are: the confidence of GPT exceeds its accuracy by
${r.figure('over', { model: 'gpt' })}, and the temperature that fits it best is ${r.figure('temperature', { model: 'gpt' })}. The overfitted MLP
is what the claim is about: ${r.figure('over', { model: 'mlp, overfitted' })} too sure; a temperature of
${r.figure('temperature', { model: 'mlp, overfitted' })} takes ${r.figure('gain', { model: 'mlp, overfitted' })} nats off its loss.`,
});
