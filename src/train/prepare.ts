/** What goes before a trainer, alike on every rank: settings, data, and whether memory allows them. */
import { type DatasetOptions, type LoadedDataset, loadDataset } from '../data/index.js';
import { ALONE, type Ranks } from '../distributed/ranks.js';
import type { LanguageModel, ModelDefinition } from '../models/index.js';
import type { Checkpoint, CheckpointChoice } from '../runs/checkpoint.js';
import { changeSettings, type RunSettings } from '../runs/config.js';
import type { ImportedFile } from '../runs/run-config.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { orDispose } from '../util/or-dispose.js';
import type { Initial } from './initial.js';
import { requireMemory, type Use } from './memory-need.js';
import {
  createModel,
  definitionOf,
  loadRunData,
  modelDefinition,
  requireVocabulary,
} from './open-run.js';
import { requireSame } from './same-model.js';
import { settingsForRanks } from './settings-for-ranks.js';
import type { StepHooks } from './stepper.js';
import { Trainer } from './trainer.js';

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

export interface ResumeOptions extends SessionOptions {
  /** Settings to change: those of training that a run may change on its way (`changeSettings`). */
  overrides?: Readonly<Record<string, unknown>> | undefined;
  /** From which checkpoint. Default the latest; what came after another one is removed. */
  from?: CheckpointChoice | undefined;
}

/** What a model and its trainer are made of. */
export interface Prepared {
  readonly settings: RunSettings;
  /** Whether the number of ranks asks for other settings than were given. */
  readonly isChanged: boolean;
  readonly definition: ModelDefinition;
  readonly data: LoadedDataset;
}

/** Loads the data of a run that begins. @throws UserError when it cannot be had, or the model has no room. */
export async function prepareStart(given: RunSettings, options: StartOptions): Promise<Prepared> {
  const { fallback, onProgress, signal, initial, ranks = ALONE, use = 'training' } = options;
  const { settings, isChanged } = settingsForRanks(given, ranks);
  const tokenizer = initial?.tokenizer ?? settings.tokenizer;
  const data =
    options.data ?? (await loadDataset({ ...settings, tokenizer, onProgress, signal, fallback }));
  const definition = options.definition ?? modelDefinition(settings.model);
  requireMemory(settings, data.tokenizer.vocabSize, definition, use);
  return { settings, isChanged, definition, data };
}

/** Loads the data of a run that goes on. @throws UserError when it is not what it was, or the model has no room. */
export async function prepareResume(run: RunDirectory, options: ResumeOptions): Promise<Prepared> {
  const { overrides = {}, ranks = ALONE } = options;
  const definition = definitionOf(run, options.definition);
  const changed = changeSettings(definition, run.config, overrides);
  const { settings, isChanged } = settingsForRanks(changed, ranks);
  const data = options.data ?? (await loadRunData(run, options));
  requireVocabulary(run, data.tokenizer);
  requireMemory(settings, data.tokenizer.vocabSize, definition, 'training');
  return { settings, isChanged, definition, data };
}

/** A model with fresh parameters. */
export function modelOf({ settings, data, definition }: Prepared): LanguageModel {
  return createModel(settings, data.tokenizer.vocabSize, definition);
}

/** @param run what it writes to; a rank other than 0 has none. */
export function trainerOf(
  prepared: Prepared,
  model: LanguageModel,
  { hooks, ranks }: SessionOptions,
  run?: RunDirectory,
): Trainer {
  const { settings, data } = prepared;
  const { training, seed } = settings;
  const rebuild = () => modelOf(prepared);
  return new Trainer({ model, training, seed, data, run, rebuild, hooks, ranks });
}

/** A trainer of a model as a checkpoint has it. @throws UserError when another rank opened another checkpoint. */
export function restoredTrainer(
  prepared: Prepared,
  checkpoint: Checkpoint | undefined,
  options: SessionOptions,
  run?: RunDirectory,
): Trainer {
  return orDispose(modelOf(prepared), (model) =>
    orDispose(trainerOf(prepared, model, options, run), (trainer) => {
      if (checkpoint) trainer.restore(checkpoint);
      // The others have read theirs before anything changes.
      requireSame('another checkpoint', checkpoint?.name ?? null, options.ranks ?? ALONE);
      return trainer;
    }),
  );
}
