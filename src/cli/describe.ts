/** `nanogpt describe`: what a model or a run consists of, or what there is to choose from. */
import { countingBackend } from '../backend/counting.js';
import { DATASETS, loadText } from '../data/index.js';
import { type LanguageModel, type ModelDefinition, models } from '../models/index.js';
import {
  buildSettings,
  RunDirectory,
  type RunSettings,
  settingsOf,
  unknownName,
} from '../runs/index.js';
import { withBackend } from '../tensor/index.js';
import { TOKENIZER_NAMES } from '../tokenizers/index.js';
import { memoryNeed, modelDefinition, requireMemory } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { memoryLimit } from '../util/memory-limit.js';
import { formatShape } from '../util/shape.js';
import { describeInit } from './describe-init.js';
import { downloadBar } from './download-bar.js';
import { lookForRun, RUNS, runNames } from './find-run.js';
import { importRecorded } from './imports.js';
import { interruptible } from './interrupt.js';
import { layersOf } from './layers.js';
import { makeTokenizer } from './make-tokenizer.js';
import { byteSize, Output, thousands } from './output.js';
import { shownPath } from './paths.js';
import { overridesOf, type SettingOptions } from './settings.js';
import { fields, table } from './table.js';
import { shownValue, trainingSentence } from './wording.js';

export interface DescribeOptions extends SettingOptions {
  preset?: string;
  settings?: true;
  init?: true;
  json?: true;
}

/** @param what a model's name, or a run's name or folder; undefined for all there is. */
export async function describe(what: string | undefined, options: DescribeOptions): Promise<void> {
  const output = new Output(options.json === true);
  if (what === undefined) {
    refuse(options, 'without a model');
    return describeAll(output);
  }
  if (models.has(what)) return describeModel(modelDefinition(what), options, output);
  const run = lookForRun(what);
  if (run === undefined) {
    throw unknownName('model or run', what, [...models.keys(), ...runNames(RUNS)]);
  }
  refuse(options, 'of a run, whose settings are fixed');
  return describeRun(run, options.settings === true, output);
}

function refuse({ preset, data, tokenizer, init, set = [] }: DescribeOptions, where: string): void {
  const given = Object.entries({ preset, data, tokenizer, init, set: set[0] }).find(([, v]) => v);
  if (given) throw new UsageError(`--${given[0]} does not apply to a description ${where}.`);
}

function describeAll(output: Output): void {
  output.result({
    models: [...models.values()].map(({ name, summary, source, presets, defaultPreset }) => ({
      name,
      summary,
      source,
      presets: presetsOf(presets),
      defaultPreset,
    })),
    datasets: Object.entries(DATASETS).map(([name, { description }]) => ({ name, description })),
    tokenizers: Object.entries(TOKENIZER_NAMES).map(([name, description]) => ({
      name,
      description,
    })),
  });
  for (const { name, summary, source, presets, defaultPreset } of models.values()) {
    output.line(`${name}: ${summary} (${source})`);
    output.line(presetTable(presets, defaultPreset, '  '));
    output.line();
  }
  output.line('data');
  output.line(
    indent(fields(Object.entries(DATASETS).map(([name, { description }]) => [name, description]))),
  );
  output.line('  or a file, folder or URL of UTF-8 text, gzipped or not, or - for standard input');
  output.line();
  output.line('tokenizers');
  output.line(indent(fields(Object.entries(TOKENIZER_NAMES))));
}

async function describeModel(
  definition: ModelDefinition,
  options: DescribeOptions,
  output: Output,
): Promise<void> {
  const overrides = overridesOf(definition, options);
  const settings = buildSettings(definition, { preset: options.preset, overrides });
  if (options.init) return describeInit(definition, settings, output);
  const vocabSize = await vocabSizeOf(settings, overrides['data'] === undefined, output);
  show({ definition, settings, vocabSize, verbose: options.settings === true }, output);
}

async function describeRun(folder: string, verbose: boolean, output: Output): Promise<void> {
  using run = RunDirectory.open(folder);
  const { config } = run;
  await importRecorded(folder, config.imports, (line) => output.notice(line));
  const definition = modelDefinition(config.model);
  const { vocabSize } = config;
  show({ definition, settings: config, vocabSize, verbose, run: run.path }, output);
}

/**
 * Of the tokenizer that the settings name; the text is only read for one that is built from it. As in training, the
 * default text may be replaced where it cannot be had.
 */
async function vocabSizeOf(
  { tokenizer, data }: RunSettings,
  fallback: boolean,
  output: Output,
): Promise<number> {
  using bar = downloadBar(output);
  return await interruptible(async (signal) => {
    const work = { onProgress: bar.update, signal };
    const load = async () => {
      const { text, notice } = await loadText(data, { ...work, fallback });
      if (notice) output.notice(notice);
      return text;
    };
    return (await makeTokenizer(tokenizer, load, work)).vocabSize;
  });
}

interface Subject {
  definition: ModelDefinition;
  settings: RunSettings;
  vocabSize: number;
  verbose: boolean;
  /** The run's folder, for a run. */
  run?: string;
}

/** Parameters and buffers, of which nobody would read a list. */
const MOST_PARTS = 20_000;
/** Of a model that takes no memory. */
const WITHOUT_LIMIT = { bytes: Infinity, patience: Infinity, buffers: Infinity };

function factsOf(model: LanguageModel) {
  const { receptiveField, blockSize, target } = model;
  const parameters = {
    total: model.parameterCount(),
    trainable: model.parameterCount({ trainable: true }),
  };
  return { layers: layersOf(model), parameters, receptiveField, blockSize, target };
}

function memorySentence(bytes: number): string {
  const limit = memoryLimit();
  const more = bytes > limit ? `, more than the ${byteSize(limit)} of this machine` : '';
  return `${byteSize(bytes)} to train${more}`;
}

function show(subject: Subject, output: Output): void {
  const { definition, settings, vocabSize, verbose, run } = subject;
  const { summary, source, presets, defaultPreset } = definition;
  const { model: name, preset, modelConfig, training, tokenizer, data, split, seed } = settings;
  const need = memoryNeed(settings, vocabSize, definition, 'training', Infinity, MOST_PARTS);
  if (need.isMore) requireMemory(settings, vocabSize, definition, 'training'); // too many parts to list
  const facts = withBackend(countingBackend(WITHOUT_LIMIT), () =>
    factsOf(definition.create(modelConfig, vocabSize)),
  );
  const { layers, parameters, receptiveField, blockSize, target } = facts;

  output.result({
    model: name,
    preset,
    summary,
    source,
    ...(run === undefined ? {} : { run }),
    parameters,
    receptiveField,
    blockSize,
    vocabSize,
    trainingBytes: need.bytes,
    layers,
    tokenizer,
    data,
    split,
    seed,
    config: modelConfig,
    training,
    presets: presetsOf(presets),
    defaultPreset,
  });

  output.line(`${name}, ${preset}: ${summary}`);
  output.line(source);
  output.line();
  const frozen = parameters.total - parameters.trainable;
  output.line(
    table(
      [
        { heading: 'layer' },
        { heading: 'kind' },
        { heading: 'shape' },
        { heading: 'parameters', right: true },
      ],
      [
        ...layers.map(({ path, kind, tensors, parameters: count }) => [
          path,
          kind,
          tensors.map(({ shape }) => formatShape(shape)).join(' + '),
          thousands(count),
        ]),
        [
          'total',
          '',
          frozen > 0 ? `${thousands(parameters.trainable)} of them trainable` : '',
          thousands(parameters.total),
        ],
      ],
    ),
  );
  output.line();
  output.line(
    fields([
      ['run', run === undefined ? undefined : shownPath(run)],
      ['receptive field', `${receptiveField} token${receptiveField === 1 ? '' : 's'}`],
      ['tokenizer', `${tokenizer}, ${thousands(vocabSize)} tokens`],
      ['data', `${data}, split ${split.join(' / ')}`],
      ['training', trainingSentence(training, blockSize, target)],
      ['memory', memorySentence(need.bytes)],
    ]),
  );
  output.line();
  if (verbose) showSettings(definition, settings, output);
  else {
    output.line(`settings of ${name} (--set key=value; --settings says what each means)`);
    output.line(indent(fields(Object.entries(modelConfig).map(([k, v]) => [k, shownValue(v)]))));
  }
  if (run !== undefined) return;
  output.line();
  output.line('presets');
  output.line(presetTable(presets, preset, '  '));
}

function showSettings(definition: ModelDefinition, settings: RunSettings, output: Output): void {
  const values: Record<string, unknown> = {
    ...settings,
    ...settings.training,
    ...settings.modelConfig,
  };
  const titles = { run: 'run', model: definition.name, training: 'training' };
  const known = [...settingsOf(definition).values()];
  for (const of of ['model', 'training', 'run'] as const) {
    if (of !== 'model') output.line();
    output.line(`settings of ${of === 'model' ? titles.model : `the ${titles[of]}`}`);
    const rows = known
      .filter((info) => info.of === of)
      .map(({ key, description }) => [key, shownValue(values[key]), description]);
    output.line(indent(table([{ heading: '' }, { heading: '' }, { heading: '' }], rows)));
  }
}

type Presets = ModelDefinition['presets'];

function presetsOf(presets: Presets): { name: string; summary: string }[] {
  return Object.entries(presets).map(([name, { summary }]) => ({ name, summary }));
}

function presetTable(presets: Presets, marked: string, margin: string): string {
  const rows = presetsOf(presets).map(
    ({ name, summary }) => [`${name === marked ? '*' : ' '} ${name}`, summary] as const,
  );
  return indent(fields(rows), margin);
}

function indent(text: string, margin = '  '): string {
  return text.replace(/^/gm, margin);
}
