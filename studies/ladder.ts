import {
  buildSettings,
  flopsPerToken,
  generate,
  type LanguageModel,
  type LoadedDataset,
  modelDefinition,
} from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

/** Every kind of model, simplest first, each at a size that the budget suits. */
const MODELS: Record<string, readonly [kind: string, settings: Record<string, unknown>]> = {
  unigram: ['bigram', { preset: 'counted', context: 0 }],
  'bigram, counted': ['bigram', { preset: 'counted' }],
  'bigram, learned': ['bigram', { preset: 'learned' }],
  MLP: ['mlp', { preset: 'chars', nHidden: 256 }],
  hierarchical: [
    'hierarchical',
    {
      ...{ split: [0.9, 0.1, 0], blockSize: 16, nEmbd: 24, nHidden: 128, batchSize: 128 },
      ...{ optimizer: 'adamw', lr: 3e-3, schedule: 'cosine', minLr: 1e-4, stepAt: undefined },
    },
  ],
  WaveNet: ['wavenet', { nEmbd: 48, nResidual: 48, nGate: 48, nSkip: 48, batchSize: 16 }],
  GPT: ['gpt', { preset: 'char', nLayer: 3, nHead: 4, nEmbd: 64, batchSize: 12 }],
  Llama: ['llama', { preset: 'char', nLayer: 3, nHead: 4, nEmbd: 64, batchSize: 12 }],
};
const NAMES = Object.keys(MODELS);
const BUDGETS = ['seconds', 'operations'];

const spent = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

/** Whether each model beats all before it. */
const step = (a: string, b: string, budget: string) => ({
  says: `${b} less ${a}, equal ${budget}`,
  of: (cell: Cells) => cell({ model: b, budget }).bits! - cell({ model: a, budget }).bits!,
  holds: 'below' as const,
  line: 0,
  unit: 'bits per byte',
});

export default defineStudy({
  name: 'ladder',
  title: 'The ladder: every model on one text, at one budget',
  topic: 'ladder',
  claim:
    'In the order in which they were invented, each model predicts the same text better than the one before, at an equal budget of seconds and of operations.',
  source: 'This project: the models of its notes, side by side.',
  refuted: 'a model that is no better than the one before it, in either budget',
  factors: { model: NAMES, budget: BUDGETS },
  // Seconds of one core; floating-point operations of products, in units of 10¹².
  scales: {
    full: { seconds: 30, teraflops: 1.5 },
    quick: { seconds: 1, teraflops: 0.03 },
    tiny: { seconds: 0.02, teraflops: 0.0001 },
  },
  measures: {
    bits: { says: 'bits per byte on validation' },
    loss: { says: 'loss', unit: 'nats per character' },
    parameters: { says: 'parameters', digits: 0 },
    steps: { says: 'steps', digits: 0 },
    tokens: { says: 'characters predicted in training, of a million', digits: 2 },
    seconds: { says: 'seconds of one core', digits: 1 },
    speed: { says: 'thousand predictions a second', digits: 0 },
    text: { says: 'What each writes' },
  },
  async run({ model: name, budget }, context) {
    const { scale, data } = context;
    const [kind, settings] = MODELS[name as string]!;
    const { preset, ...overrides } = settings as { preset?: string };
    const definition = modelDefinition(kind);
    const built = buildSettings(definition, { preset, overrides });
    const { batchSize } = built.training;
    const { blockSize = 8 } = built.modelConfig as { blockSize?: number };
    const perStep = batchSize * (kind === 'mlp' || kind === 'hierarchical' ? 1 : blockSize);
    const flops = flopsPerToken(built, data.tokenizer.vocabSize, definition) * perStep;
    const isCounted = flops === 0 && kind === 'bigram' && preset === 'counted';
    let steps = 0;
    if (!isCounted) {
      steps =
        budget === 'operations'
          ? Math.round((scale.teraflops * 1e12) / Math.max(flops, 1))
          : await stepsIn(scale.seconds, kind, settings, context);
      // A table has no product: it would train for ever. It is at its best long before.
      steps = Math.max(2, Math.min(steps, 40_000));
    }
    const warmupSteps = Math.min(100, Math.floor(steps / 10));
    const began = spent();
    const training = isCounted ? settings : { ...settings, steps, warmupSteps };
    let ended = began;
    using run = await train(kind, training, context, (trainer) => {
      trainer.on('step', ({ step: at }) => {
        if (at === steps) ended = spent();
      });
    });
    const seconds = Math.max(1e-3, (isCounted ? spent() : ended) - began);
    const tokens = isCounted ? data.splits.train.ids.length : steps * perStep;
    return {
      ...{ bits: run.bitsPerByte, loss: run.validation, parameters: run.parameters, steps },
      ...{ tokens: tokens / 1e6, seconds, speed: tokens / seconds / 1e3 },
      ...(context.seed === 0 && budget === 'seconds' && { text: twentyLines(run.model, data) }),
    };
  },
  checks: BUDGETS.flatMap((budget) =>
    NAMES.slice(1)
      .map((name, i) => [NAMES[i]!, name] as const)
      .filter(([, name]) => name !== 'bigram, learned') // the same table, found another way
      .map(([before, name]) =>
        step(before === 'bigram, learned' ? 'bigram, counted' : before, name, budget),
      ),
  ),
  charts: [
    { kind: 'lines', measure: 'bits', x: 'model', lines: 'budget', title: 'Bits per byte' },
    { kind: 'lines', measure: 'parameters', x: 'model', log: true, title: 'Parameters' },
  ],
  discussion: (
    r,
  ) => `In ${r.figure('seconds', { model: 'GPT', budget: 'seconds' })} seconds of one core: ${NAMES.map((model) => `${model} ${r.figure('bits', { model, budget: 'seconds' })}`).join(', ')} bits per byte. In 1.5 ·
10¹² operations: ${NAMES.map((model) => `${model} ${r.figure('bits', { model, budget: 'operations' })}`).join(', ')}. Seconds are those of the processor, so that other work on the machine
does not count; a table has no products, so its operations are no limit to it.`,
});

/** How many steps fit into so many seconds of one core, from the pace of a few. */
async function stepsIn(
  seconds: number,
  kind: string,
  settings: Record<string, unknown>,
  context: Parameters<typeof train>[2],
): Promise<number> {
  const [from, to] = seconds < 0.1 ? [2, 4] : [20, 60];
  let [at, until] = [0, 0];
  const trial = { ...settings, steps: to, warmupSteps: 0 };
  using _run = await train(kind, trial, context, (trainer) => {
    trainer.on('step', ({ step: done }) => {
      if (done === from) at = spent();
      if (done === to) until = spent();
    });
  });
  return Math.round((seconds * (to - from)) / Math.max(1e-4, until - at));
}

function twentyLines(model: LanguageModel, { tokenizer }: LoadedDataset): string {
  const start = Array.from(tokenizer.encode('\n'));
  const text = tokenizer.decode(generate(model, start, { maxTokens: 900, seed: 0 }));
  return text.split('\n').slice(0, 20).join('\n');
}
