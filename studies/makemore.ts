/**
 * The ladder of makemore, lectures 3 to 5: the same names, one change at a time, from an MLP that starts
 * badly to a hierarchy of BatchNorms, beside the figures that were published for each rung.
 *
 *     npm run study makemore                       under three minutes on two cores
 *     npm run study makemore -- --seeds 3          the mean over three seeds
 *     npm run study makemore -- --json             one line of JSON: { rungs: [{ name, … }] }
 *     npm run study makemore -- --only BatchNorm   some rungs; several with commas
 *
 * docs/makemore.md explains what is to be seen.
 */
import { parseArgs } from 'node:util';
import {
  currentBackend,
  evaluate,
  init,
  type LanguageModel,
  type LoadedDataset,
  loadDataset,
  MLP,
  manualSeed,
  modelDefinition,
  resolveTraining,
  Trainer,
  UserError,
} from 'nanogpt';
import { chosenBy, wholeOption } from './options.js';

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

/** What was measured, mean over the seeds. */
interface Result extends Losses {
  name: string;
  parameters: number;
  published: Losses;
  /** Of each seed, where there are several. */
  seeds: Losses[];
  /** Of all seeds together, scoring included. */
  seconds: number;
}

async function climb(rung: Rung, data: LoadedDataset, steps: number, seeds: number[]) {
  const begin = performance.now();
  const losses: Losses[] = [];
  let parameters = 0;
  for (const seed of seeds) {
    using model = start(rung, data.tokenizer.vocabSize, seed);
    parameters = model.parameterCount();
    losses.push(await train(model, rung, data, steps, seed));
  }
  const mean = (key: keyof Losses) => losses.reduce((sum, l) => sum + l[key], 0) / losses.length;
  const result: Result = {
    name: rung.name,
    parameters,
    train: mean('train'),
    validation: mean('validation'),
    published: rung.published,
    seeds: losses,
    seconds: (performance.now() - begin) / 1000,
  };
  return result;
}

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

async function train(
  model: LanguageModel,
  { decayAt }: Rung,
  data: LoadedDataset,
  steps: number,
  seed: number,
): Promise<Losses> {
  const stepAt = [Math.round((decayAt / STEPS) * steps)];
  const training = resolveTraining(
    { steps, batchSize: BATCH_SIZE, lr: 0.1 },
    { optimizer: 'sgd', schedule: 'step', stepAt, stepFactor: 0.1, evalInterval: steps },
  );
  using trainer = new Trainer({ model, training, seed, data });
  trainer.on('progress', ({ step, loss, secondsLeft }) => {
    if (!process.stderr.isTTY) return;
    const left = `${secondsLeft.toFixed(0)} s left `;
    process.stderr.write(`\r  ${step} of ${steps}, loss ${loss.toFixed(3)}, ${left}`);
  });
  const { validation } = await trainer.train();
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const { tokenizer, splits } = data;
  const { loss } = evaluate(model, { name: 'train', ...splits.train, tokenizer });
  return { train: loss, validation: validation!.loss };
}

/** A line of the table. */
function line({ name, parameters, train, validation, published, seconds }: Result): string {
  const cells = [train, published.train, validation, published.validation];
  const gap = validation - published.validation;
  return [
    name.padEnd(20),
    parameters.toLocaleString('en').padStart(10),
    ...cells.map((loss) => loss.toFixed(4).padStart(11)),
    `${gap < 0 ? '−' : '+'}${Math.abs(gap).toFixed(4)}`.padStart(10),
    `${seconds.toFixed(0)} s`.padStart(7),
  ].join('');
}

/** What the command line says. @throws UsageError */
function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '1' },
      steps: { type: 'string', default: String(STEPS) },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const rungs = chosenBy(values.only, LADDER, 'rung');
  const seeds = Array.from({ length: wholeOption('seeds', values.seeds) }, (_, seed) => seed);
  return { seeds, steps: wholeOption('steps', values.steps), rungs, json: values.json };
}

/** The study: prints its table, or with `--json` one line. */
export async function makemore(args: string[]): Promise<void> {
  const { seeds, steps, rungs, json } = readOptions(args);
  const say = (text: string) => {
    if (!json) console.log(text);
  };
  const data = await loadDataset({ data: 'names', tokenizer: 'char' });
  if (!data.info.documents)
    throw new UserError('names: expected separate documents, got one text.');
  const { train: t, validation: v, test } = data.splits;
  say(
    `names: ${t.ids.length} examples to train on, ${v.ids.length} to validate, ${test.ids.length} to test`,
  );
  const { name: backend, threads } = currentBackend();
  say(`${steps} steps of ${BATCH_SIZE}, ${seeds.length} seed(s); ${backend}, ${threads} threads\n`);
  const headings = ['parameters', 'train', 'published', 'validation', 'published'];
  say(
    `${''.padEnd(20)}${headings.map((h, i) => h.padStart(i ? 11 : 10)).join('')}${'gap'.padStart(10)}`,
  );
  const results: Result[] = [];
  for (const rung of rungs) {
    const result = await climb(rung, data, steps, seeds);
    results.push(result);
    say(line(result));
  }
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  say(`\n${seconds.toFixed(0)} s in all`);
  if (json) console.log(JSON.stringify({ steps, seeds: seeds.length, seconds, rungs: results }));
}
