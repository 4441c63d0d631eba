/** What every rank but the first has of a run: the model, the data, and a trainer. It writes nothing. */
import type { Ranks } from '../distributed/ranks.js';
import type { RunSettings } from '../runs/config.js';
import { RunDirectory } from '../runs/run-directory.js';
import { orDispose } from '../util/or-dispose.js';
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

/** A part in somebody else's run, ready to be trained. Dispose of it when done. */
export interface Follower extends Disposable {
  readonly trainer: Trainer;
}

/** As `startRun`, on a rank other than 0. The run's folder is rank 0's alone. */
export async function followStart(
  given: RunSettings,
  options: StartOptions & { ranks: Ranks },
): Promise<Follower> {
  const prepared = await prepareStart(given, options);
  requireSameSettings(prepared, options.ranks);
  return orDispose(modelOf(prepared), (model) => {
    options.initial?.fill(model);
    const trainer = trainerOf(prepared, model, options);
    if (options.initial) trainer.saveStart();
    return part(trainer);
  });
}

/** As `resumeRun`, on a rank other than 0. The run's folder has to be in reach, to be read. */
export async function followResume(
  folder: string,
  options: ResumeOptions & { ranks: Ranks },
): Promise<Follower> {
  const { ranks } = options;
  const run = RunDirectory.open(folder);
  const prepared = await prepareResume(run, options);
  requireSameSettings(prepared, ranks);
  const { checkpoint } = run.openCheckpoint(options.from);
  return part(restoredTrainer(prepared, checkpoint, options));
}

function part(trainer: Trainer): Follower {
  return {
    trainer,
    [Symbol.dispose]: () => {
      trainer[Symbol.dispose]();
      trainer.model.dispose();
    },
  };
}
