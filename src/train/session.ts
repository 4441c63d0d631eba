/** Putting a run together to train it: from settings, or from its folder. */
import type { LoadedDataset } from '../data/index.js';
import { datasetName } from '../data/registry.js';
import { ALONE, type Ranks } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import type { RunSettings } from '../runs/config.js';
import { type ImportedFile, type RunConfig, versions } from '../runs/run-config.js';
import { RunDirectory } from '../runs/run-directory.js';
import { orDispose } from '../util/or-dispose.js';
import { newRunConfig } from './new-config.js';
import {
  modelOf,
  prepareResume,
  prepareStart,
  type ResumeOptions,
  restoredTrainer,
  type StartOptions,
  trainerOf,
} from './prepare.js';
import { requireSameSettings } from './same-model.js';
import type { Trainer } from './trainer.js';

/** A run that is ready to be trained. Dispose of it when done. */
export interface Session extends Disposable {
  readonly run: RunDirectory;
  readonly trainer: Trainer;
  readonly model: LanguageModel;
  readonly data: LoadedDataset;
  /** Lines for the user: another text than asked for, a checkpoint passed over. */
  readonly notices: readonly string[];
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
  const { folder, name, initial, ranks = ALONE } = options;
  if (name !== undefined) RunDirectory.requireFree(name, folder);
  const prepared = await prepareStart(settings, options);
  const { settings: own, data } = prepared;
  requireSameSettings(prepared, ranks);
  return orDispose(modelOf(prepared), (model) => {
    initial?.fill(model);
    const config = {
      ...newRunConfig({ ...own, data: dataOf(own, data, options) }, model, data),
      ...(options.imports?.length && { imports: [...options.imports] }),
      versions: versions(),
    };
    const make = (run?: RunDirectory) => trainerOf(prepared, model, options, run);
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
      return orDispose(make(run), (trainer) => {
        // Going on from before the first checkpoint, and looking for a NaN's origin, begin here, and not with the seed.
        if (initial) trainer.saveStart();
        return trainer;
      });
    });
  });
}

/** What a run is to look for when it goes on: another dataset by its own name, where it stood in. */
function dataOf(settings: RunSettings, { info }: LoadedDataset, options: StartOptions): string {
  const asked = datasetName(settings.data);
  const isOther = options.data === undefined && asked !== undefined && asked !== info.name;
  return isOther ? info.name : settings.data;
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
  const { ranks = ALONE } = options;
  const prepared = await prepareResume(run, options);
  const { settings, isChanged, data } = prepared;
  const notices = [...data.notices];
  if (isChanged) notices.push(roundedOtherwise(settings, ranks));
  return session(run, data, notices, () => {
    run.lock();
    requireSameSettings(prepared, ranks);
    const opened = run.openCheckpoint(options.from);
    notices.push(...opened.notices);
    const trainer = restoredTrainer(prepared, opened.checkpoint, options, run);
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
