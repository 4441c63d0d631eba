/**
 * The ladder of makemore, lectures 3 to 5: the same names, one change at a time, from an MLP that starts
 * badly to a hierarchy of BatchNorms, beside the figures that were published for each rung.
 * docs/makemore.md explains what is to be seen.
 */
import {
  evaluate,
  init,
  type LanguageModel,
  type LoadedDataset,
  MLP,
  manualSeed,
  modelDefinition,
  resolveTraining,
  Trainer,
} from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';

/** All of them: 200,000 steps, B 32. */
const STEPS = 200_000;
const BATCH_SIZE = 32;

interface Losses {
  train: number;
  validation: number;
}

export interface Rung {
  name: string;
  model: 'mlp' | 'hierarchical';
  /** Settings that differ from the model's defaults. */
  config: Record<string, unknown>;
  /** After how many steps the rate falls from 0.1 to 0.01. */
  decayAt: number;
  /** Standard deviation of the first biases of the hidden layer and of the output. Default: 0. */
  biases?: { hidden: number; output: number };
  /** In nats per character. */
  published: Losses;
}

const embedding = { nEmbd: 10, nHidden: 200, activation: 'tanh' } as const;
const threeLetters = { blockSize: 3, hiddenBias: true, ...embedding };
/** What makes a weight N(0, 1), where it is N(0, gain / √in) by default: 5/3 is tanh's gain. */
const plainHidden = Math.sqrt(3 * 10) / (5 / 3);
const plainOutput = Math.sqrt(200);

/** Karpathy, makemore: lecture 3's performance log, and lecture 5's. */
export const LADDER: readonly Rung[] = [
  {
    name: 'MLP',
    model: 'mlp',
    config: { ...threeLetters, hiddenGain: plainHidden, outputGain: plainOutput },
    biases: { hidden: 1, output: 1 },
    decayAt: 100_000,
    published: { train: 2.126, validation: 2.17 },
  },
  {
    name: 'fixed softmax',
    model: 'mlp',
    config: { ...threeLetters, hiddenGain: plainHidden, outputGain: 0.01 * plainOutput },
    biases: { hidden: 1, output: 0 },
    decayAt: 100_000,
    published: { train: 2.07, validation: 2.13 },
  },
  {
    name: 'fixed tanh',
    model: 'mlp',
    config: { ...threeLetters, hiddenGain: 0.2 * plainHidden, outputGain: 0.01 * plainOutput },
    biases: { hidden: 0.01, output: 0 },
    decayAt: 100_000,
    published: { train: 2.0356, validation: 2.1027 },
  },
  {
    name: 'Kaiming',
    model: 'mlp',
    config: { ...threeLetters, outputGain: 0.01 * plainOutput },
    biases: { hidden: 0.01, output: 0 },
    decayAt: 100_000,
    published: { train: 2.0377, validation: 2.107 },
  },
  {
    name: 'BatchNorm',
    model: 'mlp',
    config: {
      ...{ ...threeLetters, hiddenBias: false, outputGain: 0.01 * plainOutput },
      ...{ norm: 'batch', normMomentum: 0.001 },
    },
    decayAt: 100_000,
    published: { train: 2.0668, validation: 2.1048 },
  },
  {
    name: 'T 8',
    model: 'mlp',
    config: { ...embedding, blockSize: 8, hiddenGain: 3 / 5, outputGain: 0.1, norm: 'batch' },
    decayAt: 150_000,
    published: { train: 1.918, validation: 2.027 },
  },
  {
    name: 'hierarchical 22k',
    model: 'hierarchical',
    config: { nEmbd: 10, nHidden: 68 },
    decayAt: 150_000,
    published: { train: 1.912, validation: 2.022 },
  },
  {
    name: 'hierarchical 76k',
    model: 'hierarchical',
    config: { nEmbd: 24, nHidden: 128 },
    decayAt: 150_000,
    published: { train: 1.769, validation: 1.9937 },
  },
];

/** The model as the rung has it before its first step. */
export function start({ model: kind, config, biases }: Rung, vocabSize: number, seed: number) {
  manualSeed(seed);
  const definition = modelDefinition(kind);
  const settings = definition.schema.parse(config);
  const model = definition.create(settings, vocabSize);
  if (biases && model instanceof MLP) {
    init.normal(model.hidden[0].linear.bias!, { std: biases.hidden });
    init.normal(model.output.bias!, { std: biases.output });
  }
  return model;
}

async function climb(
  model: LanguageModel,
  { decayAt }: Rung,
  steps: number,
  seed: number,
  data: LoadedDataset,
) {
  const stepAt = [Math.max(1, Math.round((decayAt / STEPS) * steps))];
  const training = resolveTraining(
    { steps, batchSize: BATCH_SIZE, lr: 0.1 },
    { optimizer: 'sgd', schedule: 'step', stepAt, stepFactor: 0.1, evalInterval: steps },
  );
  using trainer = new Trainer({ model, training, seed, data });
  const { validation } = await trainer.train();
  const { tokenizer, splits } = data;
  const { loss } = evaluate(model, { name: 'train', ...splits.train, tokenizer });
  return { train: loss, validation: validation!.loss };
}

export default defineStudy({
  name: 'makemore',
  title: 'The ladder of makemore',
  topic: 'initialisation',
  claim:
    'A better start, BatchNorm, more context and a hierarchy take an MLP on names to the published losses, a rung at a time.',
  source: 'Karpathy 2022, makemore parts 3 to 5 (lectures).',
  refuted: 'a rung whose validation loss lies more than 0.01 nats above or below the published one',
  factors: { rung: LADDER.map(({ name }) => name) },
  data: { data: 'names', tokenizer: 'char', split: [0.8, 0.1, 0.1] },
  scales: { full: { steps: STEPS }, quick: { steps: 4000 }, tiny: { steps: 20 } },
  measures: {
    train: { says: 'training loss', unit: 'nats', digits: 4 },
    validation: { says: 'validation loss', unit: 'nats', digits: 4 },
    parameters: { says: 'parameters', digits: 0 },
  },
  async run({ rung: name }, { seed, scale, data }) {
    const rung = LADDER.find((each) => each.name === name)!;
    using model = start(rung, data.tokenizer.vocabSize, seed);
    return {
      ...(await climb(model, rung, scale.steps, seed, data)),
      parameters: model.parameterCount(),
    };
  },
  checks: LADDER.map(({ name, published }) => ({
    says: `${name}: validation loss less the published one`,
    of: (cell: Cells) => cell({ rung: name }).validation! - published.validation,
    holds: 'between' as const,
    line: [-0.01, 0.01] as const,
    unit: 'nats',
  })),
  charts: [{ kind: 'dots', measure: 'validation', title: 'Validation loss of each rung' }],
  discussion: (
    r,
  ) => `Published were ${LADDER.map(({ name, published }) => `${published.validation} (${name})`).join(', ')}; here the validation losses are
${LADDER.map(({ name }) => r.figure('validation', { rung: name })).join(', ')}. [makemore.md](../makemore.md) goes up rung by rung.`,
});
