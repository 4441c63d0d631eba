/** Training and opening runs without a file system. */
import { joinDocuments, shuffledDocuments } from '../data/documents.js';
import { datasetFromText } from '../data/from-text.js';
import type { LoadedDataset } from '../data/loaded.js';
import { PUBLIC_DATASETS, type RemoteDataset } from '../data/public-datasets.js';
import type { LanguageModel } from '../models/index.js';
import { openPart } from '../runs/checkpoint-state.js';
import { changeSettings, type RunSettings } from '../runs/config.js';
import { fillModel } from '../runs/fill.js';
import { describeIssues } from '../runs/issues.js';
import type { RunConfig, Versions } from '../runs/run-config-schema.js';
import { currentBackend } from '../tensor/index.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { createModel, modelDefinition } from '../train/create-model.js';
import { requireMemory } from '../train/memory-need.js';
import { newRunConfig } from '../train/new-config.js';
import { Trainer } from '../train/trainer.js';
import { UserError } from '../util/errors.js';
import { orDispose } from '../util/or-dispose.js';
import { sha256 } from '../util/sha256.js';
import { platform } from './platform.js';
import { MemoryRun, type RunFiles } from './run-files.js';
import { makeTokenizer } from './tokenizers.js';
import { VERSION } from './version.js';

/** A text to train on. */
export interface GivenText {
  /** A dataset's name (`tiny_shakespeare`), for which the text is then taken, or what the run is to call it. */
  name: string;
  text: string;
}

/** A run in memory that is ready to be trained. Dispose of it when done. */
export interface MemorySession extends Disposable {
  readonly run: MemoryRun;
  readonly trainer: Trainer;
  readonly model: LanguageModel;
  readonly data: LoadedDataset;
}

/** A trained model and its tokenizer. */
export interface OpenedMemoryRun extends Disposable {
  readonly run: MemoryRun;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
}

/**
 * Makes tokenizer, data and model of a new run. The same settings, text and seed train as on the command line.
 *
 * @param settings from `buildSettings`; its `data` is replaced by the text's name.
 * @throws UserError when the text is too short, or the model does not fit into memory.
 */
export async function startMemoryRun(
  settings: RunSettings,
  given: GivenText,
): Promise<MemorySession> {
  const isPublic = publicDataset(given) !== undefined;
  const data = await dataOf(settings, given);
  const own = { ...settings, data: given.name };
  const { vocabSize } = data.tokenizer;
  requireMemory(own, vocabSize, modelDefinition(own.model), 'training');
  return orDispose(createModel(own, vocabSize), (model) => {
    const config: RunConfig = {
      ...newRunConfig(own, model, data),
      name: nameOf(own),
      versions: versions(),
    };
    const run = MemoryRun.create(config, data.tokenizer);
    if (!isPublic) run.keepText(given.text);
    return sessionOf(run, settings, model, data);
  });
}

/**
 * The model of a run's latest checkpoint, in evaluation mode.
 *
 * @throws UserError when the files are no run, are damaged, or hold no checkpoint.
 */
export async function openMemoryRun(files: RunFiles): Promise<OpenedMemoryRun> {
  const run = MemoryRun.open(files);
  const tokenizer = await run.tokenizer();
  const { checkpoint } = run.openCheckpoint();
  if (!checkpoint) throw new UserError(`${run.config.name}: has no checkpoint yet.`);
  return orDispose(modelOf(run.config), (model) => {
    using weights = openPart(checkpoint, 'model');
    fillModel(model.eval(), weights);
    return { run, model, tokenizer, [Symbol.dispose]: () => model.dispose() };
  });
}

/**
 * Goes on with a run from its latest checkpoint.
 *
 * @param text what it was trained on.
 * @param overrides settings to change, as `changeSettings` allows.
 * @throws UserError when the text is another one, or there is no checkpoint.
 */
export async function resumeMemoryRun(
  run: MemoryRun,
  text: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<MemorySession> {
  const { config } = run;
  const settings = changeSettings(modelDefinition(config.model), config, overrides);
  const tokenizer = await run.tokenizer();
  const utf8 = new TextEncoder().encode(text);
  if (sha256(utf8) !== config.dataset.sha256) {
    throw new UserError(
      `this is not the text that ${config.name} was trained on: expected ${config.dataset.bytes} bytes with SHA-256 ${config.dataset.sha256}, got ${utf8.length} with ${sha256(utf8)}.`,
    );
  }
  const data = datasetFromText(text, tokenizer, {
    name: config.dataset.name,
    split: config.split,
    documents: config.dataset['documents'] !== undefined,
  });
  const { checkpoint } = run.openCheckpoint();
  if (!checkpoint) throw new UserError(`${config.name}: has no checkpoint to go on from.`);
  return orDispose(modelOf(config), (model) =>
    orDispose(sessionOf(run, settings, model, data), (session) => {
      session.trainer.restore(checkpoint);
      run.rewind(checkpoint);
      run.changeSettings(settings);
      return session;
    }),
  );
}

function sessionOf(
  run: MemoryRun,
  settings: RunSettings,
  model: LanguageModel,
  data: LoadedDataset,
): MemorySession {
  const { training, seed } = settings;
  const rebuild = () => createModel(settings, data.tokenizer.vocabSize);
  const trainer = new Trainer({ model, training, seed, data, run, rebuild });
  return {
    run,
    trainer,
    model,
    data,
    [Symbol.dispose]: () => {
      trainer[Symbol.dispose]();
      model.dispose();
    },
  };
}

function modelOf(config: RunConfig): LanguageModel {
  const definition = modelDefinition(config.model);
  const parsed = definition.schema.safeParse(config.modelConfig);
  if (parsed.success) {
    requireMemory(config, config.vocabSize, definition, 'evaluation');
    return createModel(config, config.vocabSize, definition);
  }
  const issues = describeIssues(parsed.error, config.modelConfig);
  throw new UserError(`config.json does not fit ${definition.name}: ${issues}.`);
}

/** The registered dataset of that name. */
export function publicDataset({ name }: { name: string }): RemoteDataset | undefined {
  const all: Readonly<Record<string, RemoteDataset>> = PUBLIC_DATASETS;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

async function dataOf(settings: RunSettings, { name, text }: GivenText): Promise<LoadedDataset> {
  const known = publicDataset({ name });
  const documents = settings.documents ?? known?.documents ?? false;
  const whole = documents ? joinDocuments(shuffledDocuments(text, name)) : text;
  const tokenizer = await makeTokenizer(settings.tokenizer, whole);
  const data = datasetFromText(text, tokenizer, { ...settings, documents, name });
  if (known && data.info.sha256 !== known.sha256) {
    throw new UserError(
      `${name}: expected the text with SHA-256 ${known.sha256} (${known.bytes} bytes), got ${data.info.sha256} (${data.info.bytes}): give yours another name.`,
    );
  }
  return data;
}

/** `mlp-chars-20261123-1903`, as the command line names runs, in universal time. */
function nameOf({ model, preset }: RunSettings): string {
  const now = new Date().toISOString().replace(/[-:]/g, '');
  return `${model}-${preset}-${now.slice(0, 8)}-${now.slice(9, 13)}`;
}

function versions(): Versions {
  const { name, threads } = currentBackend();
  const agent = platform.navigator?.userAgent ?? 'unknown';
  return { nanogpt: VERSION, node: 'none', platform: `browser, ${agent}`, backend: name, threads };
}
