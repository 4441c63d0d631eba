import { evaluate, type LanguageModel, type LoadedDataset } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

/** About 50,000 parameters each; the MLP sees 16 characters, WaveNet 33. */
const MODELS: Record<string, Record<string, unknown>> = {
  mlp: { preset: 'chars', blockSize: 16, nEmbd: 16, nHidden: 150, batchSize: 128, lr: 3e-3 },
  wavenet: {
    ...{ nEmbd: 32, nResidual: 32, nGate: 32, nSkip: 32, nBlock: 5, dilations: [1, 2, 4, 8, 16] },
    ...{ batchSize: 16, lr: 3e-3 },
  },
};

function lossNow(model: LanguageModel, { splits, tokenizer }: LoadedDataset): number {
  const ids = splits.validation.ids.subarray(0, 20_000);
  return evaluate(model, { name: 'validation', ids, bytes: ids.length, tokenizer }).loss;
}

export default defineStudy({
  name: 'wavenet-slower',
  title: 'Whether WaveNet converges more slowly than the MLP',
  topic: 'optimisation',
  claim:
    'WaveNet converges more slowly than an MLP of its size: per step, per token and per second.',
  source: 'Practitioners’ lore, from the two published models side by side.',
  refuted: 'a WaveNet that comes to the same loss in as few steps, tokens or seconds',
  factors: { model: Object.keys(MODELS) },
  scales: {
    full: { steps: 1500, every: 25, goal: 2.2 },
    quick: { steps: 600, every: 25, goal: 2.4 },
    tiny: { steps: 8, every: 2, goal: 4.17 },
  },
  measures: {
    steps: { says: 'steps to the goal', digits: 0 },
    tokens: { says: 'predicted characters to the goal', digits: 0 },
    seconds: { says: 'seconds of one core to the goal', digits: 2 },
    parameters: { says: 'parameters', digits: 0 },
    validation: { says: 'loss at the end', unit: 'nats' },
  },
  async run({ model: name }, context) {
    const { steps, every, goal } = context.scale;
    const settings = {
      schedule: 'constant',
      warmupSteps: 50,
      clipNorm: 1,
      ...MODELS[name as string],
      steps,
    };
    let [reached, seconds, aside] = [NaN, NaN, 0];
    // Time of the processor, so that other work on the machine is not counted; that of scoring is left out.
    const spent = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
    let began = 0;
    using run = await train(name as string, settings, context, (trainer, model) => {
      began = spent();
      trainer.on('step', ({ step }) => {
        if (step % every > 0 || Number.isFinite(reached)) return;
        const before = spent();
        if (lossNow(model, context.data) <= goal) {
          reached = step;
          seconds = before - began - aside;
        }
        aside += spent() - before;
      });
    });
    const perStep = name === 'mlp' ? 128 : 16 * 64;
    const { parameters, validation } = run;
    return { steps: reached, tokens: reached * perStep, seconds, parameters, validation };
  },
  checks: (['steps', 'tokens', 'seconds'] as const).map((measure) => ({
    says: `${measure} that WaveNet needs, over the MLP's`,
    of: (cell: Cells) => cell({ model: 'wavenet' })[measure]! / cell({ model: 'mlp' })[measure]!,
    holds: 'above' as const,
    line: 1,
    unit: '×',
  })),
  charts: [
    { kind: 'dots', measure: 'steps', title: 'Steps to a validation loss of 2.2' },
    { kind: 'dots', measure: 'seconds', title: 'Seconds of one core to it' },
  ],
  discussion: (
    r,
  ) => `The goal is 2.2 nats on validation: in 1,500 steps the MLP does not come to 2.0, and WaveNet does. WaveNet predicts at every position of its window, so that a step of 16 windows is
1,024 predictions, where the MLP's has 128. It needs ${r.figure('steps', { model: 'wavenet' })} steps where the MLP needs
${r.figure('steps', { model: 'mlp' })}; ${r.figure('tokens', { model: 'wavenet' })} predictions against
${r.figure('tokens', { model: 'mlp' })}; and ${r.figure('seconds', { model: 'wavenet' })} seconds against
${r.figure('seconds', { model: 'mlp' })}. At the end of 1,500 steps they stand at ${r.figure('validation', { model: 'wavenet' })} and
${r.figure('validation', { model: 'mlp' })}.`,
});
