/** Putting a run together to train it: from settings, or from its folder. */
import { type DatasetOptions, type LoadedDataset, loadDataset } from '../data/index.js';
import { datasetName } from '../data/registry.js';
import { ALONE, type Ranks } from '../distributed/ranks.js';
import type { LanguageModel, ModelDefinition } from '../models/index.js';
import type { CheckpointChoice } from '../runs/checkpoint.js';
import { changeSettings, type RunSettings } from '../runs/config.js';
import { type ImportedFile, type RunConfig, versions } from '../runs/run-config.js';
import { RunDirectory } from '../runs/run-directory.js';
import type { Initial } from './initial.js';
import { requireMemory, type Use } from './memory-need.js';
import { newRunConfig } from './new-config.js';
import {
  createModel,
  definitionOf,
  loadRunData,
  modelDefinition,
  requireVocabulary,
} from './open-run.js';
import { requireSame, sameOnAll } from './same-model.js';
import { settingsForRanks } from './settings-for-ranks.js';
import type { StepHooks } from './stepper.js';
import { Trainer } from './trainer.js';

/** A run that is ready to be trained. Dispose of it when done. */
export interface Session extends Disposable {
  readonly run: RunDirectory;
  readonly trainer: Trainer;
  readonly model: LanguageModel;
  readonly data: LoadedDataset;
  /** Lines for the user: another text than asked for, a checkpoint passed over. */
  readonly notices: readonly string[];
}

export interface SessionOptions {
  hooks?: StepHooks | undefined;
  /** Hears how far loading the data has come. */
  onProgress?: DatasetOptions['onProgress'];
  /** Ends loading the data. */
  signal?: AbortSignal | undefined;
  /** Instead of the registry's, for a kind of model that is not registered. */
  definition?: ModelDefinition | undefined;
  /** Instead of `loadDataset` from the settings: for data that is at hand. */
  data?: LoadedDataset | undefined;
  /** Files that registered what the run uses: it writes them down, so that a command that opens it knows them. */
  imports?: readonly ImportedFile[] | undefined;
  /** Those that train together, of which this is rank 0; the others call `followStart` or `followResume`. */
  ranks?: Ranks | undefined;
}

export interface StartOptions extends SessionOptions {
  /** The folder that holds the runs. Default `runs`. */
  folder?: string | undefined;
  /** The run's name. Default: made from model, preset and time. */
  name?: string | undefined;
  /**
   * Whether the default dataset may be replaced where it cannot be had (`loadText`); the run's settings
   * then name what stood in. Default false: other data than asked for is an error.
   */
  fallback?: boolean | undefined;
  /** Weights and tokenizer to begin with: the run saves them as its step 0. See `openInitial`, `initialSettings`. */
  initial?: Initial | undefined;
  /** What the run is made for: memory is checked for that. Default training. */
  use?: Use | undefined;
}

/**
 * Loads the data, makes model and tokenizer, and creates the run's folder.
 *
 * @param settings from `buildSettings`.
 * @throws UserError when the data cannot be had, is too short, or the folder cannot be written.
 */
export async function startRun(
  settings: RunSettings,
  options: StartOptions = {},
): Promise<Session> {
  const { fallback, folder, name, onProgress, signal, initial, use = 'training' } = options;
  const { ranks = ALONE } = options;
  const { settings: own } = settingsForRanks(settings, ranks);
  if (name !== undefined) RunDirectory.requireFree(name, folder);
  const tokenizer = initial?.tokenizer ?? own.tokenizer;
  const data =
    options.data ?? (await loadDataset({ ...own, tokenizer, onProgress, signal, fallback }));
  const { vocabSize } = data.tokenizer;
  const definition = options.definition ?? modelDefinition(own.model);
  requireMemory(own, vocabSize, definition, use);
  const model = createModel(own, vocabSize, definition);
  initial?.fill(model);
  const config = {
    ...newRunConfig({ ...own, data: dataOf(own, data, options) }, model, data),
    ...(options.imports?.length && { imports: [...options.imports] }),
    versions: versions(),
  };
  requireSame('other settings or data', sameOnAll(own, data.info.sha256, vocabSize), ranks);
  const make = (run?: RunDirectory) => makeTrainer(own, model, data, run, options);
  make()[Symbol.dispose](); // what does not fit together is found before there is a folder
  const run = RunDirectory.create({
    folder,
    name,
    config,
    tokenizer: data.tokenizer,
    text: data.text,
  });
  return session(run, data, [...(initial?.notices ?? []), ...data.notices], () => {
    run.lock();
    const trainer = make(run);
    // Going on from before the first checkpoint, and looking for a NaN's origin, begin here, and not with the seed.
    if (initial) trainer.saveStart();
    return trainer;
  });
}

/** What a run is to look for when it goes on: another dataset by its own name, where it stood in. */
function dataOf(settings: RunSettings, { info }: LoadedDataset, options: StartOptions): string {
  const asked = datasetName(settings.data);
  const isOther = options.data === undefined && asked !== undefined && asked !== info.name;
  return isOther ? info.name : settings.data;
}

export interface ResumeOptions extends SessionOptions {
  /** Settings to change: those of training that a run may change on its way (`changeSettings`). */
  overrides?: Readonly<Record<string, unknown>> | undefined;
  /** From which checkpoint. Default the latest; what came after another one is removed. */
  from?: CheckpointChoice | undefined;
}

/**
 * Resumes a run from its latest whole checkpoint, or from the beginning when it ended
 * before the first.
 *
 * @throws UserError when it is not a run, another process trains in it, its data is not what it was, or no
 *   checkpoint is whole.
 */
export async function resumeRun(folder: string, options: ResumeOptions = {}): Promise<Session> {
  const run = RunDirectory.open(folder);
  const definition = definitionOf(run, options.definition);
  const { ranks = ALONE } = options;
  const changed = changeSettings(definition, run.config, options.overrides ?? {});
  const { settings, isChanged } = settingsForRanks(changed, ranks);
  const data = options.data ?? (await loadRunData(run, options));
  requireVocabulary(run, data.tokenizer);
  const notices = [...data.notices];
  if (isChanged) notices.push(roundedOtherwise(settings, ranks));
  const { vocabSize } = run.config;
  requireMemory(settings, vocabSize, definition, 'training');
  return session(run, data, notices, () => {
    run.lock();
    requireSame('other settings or data', sameOnAll(settings, data.info.sha256, vocabSize), ranks);
    const opened = run.openCheckpoint(options.from);
    notices.push(...opened.notices);
    const model = createModel(settings, vocabSize, definition);
    const trainer = makeTrainer(settings, model, data, run, { ...options, definition });
    if (opened.checkpoint) trainer.restore(opened.checkpoint);
    // The others have read theirs before anything changes.
    requireSame('another checkpoint', opened.checkpoint?.name ?? null, ranks);
    run.rewind(opened.checkpoint);
    const { overrides = {}, imports = [] } = options;
    const moved = imports.length > 0 && !sameFiles(imports, run.config.imports ?? []);
    if (Object.keys(overrides).length > 0 || moved || isChanged) {
      const changed = { ...run.config, ...settings } as RunConfig;
      run.writeConfig(moved ? { ...changed, imports: [...imports] } : changed);
    }
    return trainer;
  });
}

function roundedOtherwise({ training }: RunSettings, { size }: Ranks): string {
  const { batchParts } = training;
  return `for ${size} ranks batches are cut into ${batchParts} parts from here on (batchParts=${batchParts}): sums are rounded otherwise than before. A run begun with that setting has the same bits on any number of ranks up to it.`;
}

function sameFiles(a: readonly ImportedFile[], b: readonly ImportedFile[]): boolean {
  const listed = (files: readonly ImportedFile[]) => files.map((file) => file.path).join('\n');
  return listed(a) === listed(b);
}

function makeTrainer(
  settings: RunSettings,
  model: LanguageModel,
  data: LoadedDataset,
  run: RunDirectory | undefined,
  { hooks, definition, ranks }: SessionOptions,
): Trainer {
  const { training, seed } = settings;
  const rebuild = () => createModel(settings, data.tokenizer.vocabSize, definition);
  return new Trainer({ model, training, seed, data, run, rebuild, hooks, ranks });
}

function session(
  run: RunDirectory,
  data: LoadedDataset,
  notices: readonly string[],
  makeTrainer: () => Trainer,
): Session {
  let trainer: Trainer;
  try {
    trainer = makeTrainer();
  } catch (error) {
    run.close();
    throw error;
  }
  const { model } = trainer;
  return {
    run,
    trainer,
    model,
    data,
    notices,
    [Symbol.dispose]: () => {
      trainer[Symbol.dispose]();
      model.dispose();
      run.close();
    },
  };
}
