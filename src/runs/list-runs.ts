/** The runs in a folder, at a glance. */
import fs from 'node:fs';
import path from 'node:path';
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { CheckpointStore } from './checkpoint.js';
import { readState } from './checkpoint-files.js';
import { readRunConfig } from './run-config.js';
import { lockHolder } from './run-lock.js';

export interface RunSummary {
  readonly name: string;
  readonly path: string;
  /** What is wrong with the folder, when it cannot be read; the rest is missing then. */
  readonly problem?: string;
  readonly created?: string;
  readonly model?: string;
  readonly preset?: string;
  readonly parameters?: number;
  /** Whether a process trains in it now. */
  readonly running?: boolean;
  /** Of the latest checkpoint; undefined before the first. */
  readonly step?: number;
  readonly steps?: number;
  readonly seconds?: number;
  readonly trainLoss?: number;
  readonly validationLoss?: number;
  /** The best validation loss, and when. */
  readonly best?: { readonly step: number; readonly loss: number };
}

/** All runs in `folder`, newest first; folders that are no runs are left out, damaged runs say so. */
export function listRuns(folder = 'runs'): RunSummary[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError('cannot read', folder, error);
  }
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => ({ name, path: path.resolve(folder, name) }))
    .filter((run) => fs.existsSync(path.join(run.path, 'config.json')))
    .map(summarizeRun)
    .sort((a, b) => (b.created ?? '').localeCompare(a.created ?? '') || (a.name < b.name ? -1 : 1));
}

/** One run at a glance; a damaged one says what is wrong with it. */
export function summarizeRun({ name, path: folder }: { name: string; path: string }): RunSummary {
  try {
    const { created, model, preset, parameters, training } = readRunConfig(folder);
    const store = new CheckpointStore(path.join(folder, 'checkpoints'));
    const latest = store.pointer('latest');
    const state = latest ? readState(path.join(store.folder, latest)).state : undefined;
    return {
      name,
      path: folder,
      created,
      model,
      preset,
      parameters: parameters.total,
      running: lockHolder(folder) !== undefined,
      steps: training.steps,
      ...(state && {
        step: state.step,
        seconds: state.seconds,
        ...(state.evaluation && { validationLoss: state.evaluation.loss }),
        ...(state.evaluation?.trainLoss && { trainLoss: state.evaluation.trainLoss }),
        ...(state.best && { best: state.best }),
      }),
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name, path: folder, problem: error.message };
  }
}
