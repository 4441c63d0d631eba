/** `nanogpt describe <model> --init`: the model before training, under several initialisations side by side. */
import { loadDataset, samplerOf } from '../data/index.js';
import type { LanguageModel, ModelDefinition } from '../models/index.js';
import { Embedding } from '../nn/index.js';
import { type InitialisationReport, probeInitialisation } from '../observe/index.js';
import { type RunSettings, settingsOf } from '../runs/index.js';
import { type Tensor, tensor } from '../tensor/index.js';
import { createModel, requireMemory } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { Generator, streamFor } from '../util/random.js';
import { downloadBar } from './download-bar.js';
import { interruptible } from './interrupt.js';
import { type Output, thousands } from './output.js';
import { fields, table } from './table.js';
import { prepareBackend } from './threads.js';

/** Batches that go through: enough that a unit which stays at 0 is dead, and no accident. */
const BATCHES = 4;

/** An initialisation to look at. */
interface Variant {
  name: string;
  /** The model's own setting. */
  init?: string;
  /** By what the weights between embedding and output are multiplied. */
  factor: number;
}

const VARIANTS: readonly Variant[] = [
  { name: 'kaiming', init: 'kaimingNormal', factor: 1 },
  { name: 'xavier', init: 'xavierNormal', factor: 1 },
  { name: 'too small', init: 'kaimingNormal', factor: 0.2 },
  { name: 'too large', init: 'kaimingNormal', factor: 5 },
];

interface Measured extends InitialisationReport {
  name: string;
  init: string;
  factor: number;
}

/**
 * Sends the same batches through the model as the settings have it, and through four variants.
 *
 * @throws UsageError for a model without an `init` setting.
 */
export async function describeInit(
  definition: ModelDefinition,
  settings: RunSettings,
  output: Output,
): Promise<void> {
  if (settingsOf(definition).get('init')?.of !== 'model') {
    throw new UsageError(
      `--init: ${definition.name} has no initialisation to choose (no setting init).`,
    );
  }
  prepareBackend(output, undefined);
  using bar = downloadBar(output);
  const data = await interruptible((signal) =>
    loadDataset({ ...settings, onProgress: bar.update, signal }),
  );
  for (const line of data.notices) output.notice(line);
  const { vocabSize } = data.tokenizer;
  requireMemory(settings, vocabSize, definition, 'training');
  const own = { name: 'as set', init: String(settings.modelConfig['init']), factor: 1 };
  const measured = [own, ...VARIANTS].map((variant): Measured => {
    const init = variant.init ?? own.init;
    const modelConfig = { ...settings.modelConfig, init };
    const model = createModel({ ...settings, modelConfig }, vocabSize, definition);
    try {
      scaleHidden(model, variant.factor);
      const losses = batchLosses(model, settings, data.splits.train);
      return { ...variant, init, ...probeInitialisation(model, losses) };
    } finally {
      model.dispose();
    }
  });
  const { batchSize } = settings.training;
  output.result({
    ...{ model: definition.name, preset: settings.preset, config: settings.modelConfig },
    ...{ vocabSize, lnVocabSize: Math.log(vocabSize), batches: BATCHES, batchSize },
    variants: measured,
  });
  print(definition.name, settings, vocabSize, measured, output);
}

/** Multiplies all weights but those of embeddings and of the output, whose scale is a question of its own. */
function scaleHidden(model: LanguageModel, factor: number): void {
  const modules = model.namedModules();
  for (const [path, weight] of model.namedParameters()) {
    const owner = modules.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
    if (weight.ndim < 2 || owner instanceof Embedding || path.startsWith('output')) continue;
    weight.scale_(factor);
  }
}

function* batchLosses(
  model: LanguageModel,
  { training, seed }: RunSettings,
  train: Parameters<typeof samplerOf>[0],
): Iterable<() => Tensor> {
  const { batchSize, labelSmoothing } = training;
  const { blockSize, target } = model;
  const options = { batchSize, blockSize, target, name: 'train' };
  const sampler = samplerOf(train, options, new Generator(seed, streamFor('data')));
  for (let i = 0; i < BATCHES; i++) {
    const { rows, inputs, targets } = sampler.next();
    yield () => {
      const x = tensor(inputs, { shape: [rows, blockSize] }); // (B, T)
      const y = tensor(targets, { shape: target === 'all' ? [rows, blockSize] : [rows] });
      return model.loss(x, y, { labelSmoothing });
    };
  }
}

function print(
  name: string,
  settings: RunSettings,
  vocabSize: number,
  measured: readonly Measured[],
  output: Output,
): void {
  const { preset, training } = settings;
  const { activations, weights } = measured[0]!;
  const rows = (
    title: string,
    names: readonly string[],
    cell: (m: Measured, row: number) => string,
  ) => {
    if (names.length === 0) return;
    output.line();
    output.line(
      table(
        [{ heading: title }, ...measured.map((m) => ({ heading: m.name, right: true }))],
        names.map((row, i) => [row, ...measured.map((m) => cell(m, i))]),
      ),
    );
  };
  const ofActivations = (title: string, key: 'std' | 'saturated' | 'dead') => {
    const at = activations.flatMap((layer, i) => (layer[key] === null ? [] : [i]));
    const show = key === 'std' ? significant : percent;
    const names = at.map((i) => activations[i]!.layer);
    rows(title, names, (m, row) => show(m.activations[at[row]!]![key]!));
  };
  const ofWeights = (title: string, key: 'gradStd' | 'gradToData') =>
    rows(
      title,
      weights.map(({ weight }) => weight),
      (m, row) => significant(m.weights[row]![key]),
    );

  output.line(
    `${name}, ${preset}, before training, on ${BATCHES} batches of ${training.batchSize}`,
  );
  output.line(
    fields([
      ...measured.map(({ name, init, factor }) => {
        const scaled = factor === 1 ? '' : `, hidden weights × ${factor}`;
        return [name, `${init}${scaled}`] as const;
      }),
      [
        'ln V',
        `${Math.log(vocabSize).toFixed(4)} nats, for guessing among ${thousands(vocabSize)}`,
      ],
    ]),
  );
  rows('loss', ['initial loss, nats', 'above ln V'], (m, row) =>
    (row === 0 ? m.loss : m.loss - Math.log(vocabSize)).toFixed(4),
  );
  ofActivations('std of activations', 'std');
  ofActivations('saturated values', 'saturated');
  ofActivations('dead units', 'dead');
  ofWeights('std of gradient', 'gradStd');
  ofWeights('gradient to data', 'gradToData');
}

/** Three digits, whatever the magnitude: these range over many. */
function significant(value: number): string {
  const size = Math.abs(value);
  return size === 0 || (size >= 0.001 && size < 1000)
    ? value.toPrecision(3)
    : value.toExponential(1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
