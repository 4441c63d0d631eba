/** A process that makes runs of one study, one at a time, on one thread: what `workers.ts` starts. */
import type { LoadedDataset } from '../data/index.js';
import type { AnyStudy, PlannedRun } from './design.js';
import { execute, studyData } from './execute.js';
import { findStudy } from './find.js';
import type { Setting } from './study.js';

/** What it is told first, and then for each run. */
export type WorkerOrder = { study: string; setting: Setting } | { run: PlannedRun };

let ready: Promise<[AnyStudy, Setting, LoadedDataset | null]> | undefined;

process.on('message', (order: WorkerOrder) => {
  if ('study' in order) {
    ready = findStudy(order.study).then(async ({ study }) => {
      return [study, order.setting, await studyData(study)];
    });
    ready.catch(() => {}); // said where it is needed
    return;
  }
  // What is thrown here is a fault, and not a run's: it ends the process, and Node says why.
  void ready!
    .then(([study, setting, data]) => execute(study, order.run, setting, data))
    .then((finished) => process.send!(finished));
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal; the one that asked decides.
process.on('SIGINT', () => {});
