/** Training in a thread of its own. The trainer is loaded there alone, so that the thread begins at once. */

import { writeFileAtomic } from '../../util/atomic-file.js';
import { UsageError } from '../../util/errors.js';
import { runTask, type Task, type WorkOptions } from '../../util/work.js';
import type { Recorded, TrainerSettings } from './spec.js';
import type { TrainedModel } from './train.js';

/**
 * Trains on `input` and writes `<model_prefix>.model` and `<model_prefix>.vocab`.
 *
 * @throws UserError, with the original's words, where the vocabulary is too large or too small for
 * the corpus; StoppedError when told to stop. Then nothing is written.
 */
export async function trainToFiles(
  given: Partial<TrainerSettings>,
  recorded: Recorded = {},
  text?: string,
  options: WorkOptions = {},
): Promise<TrainedModel> {
  if (!given.model_prefix) throw new UsageError('model_prefix (--out) is needed: where to write');
  const trained = await trainAside(given, recorded, text, options);
  writeFileAtomic(`${given.model_prefix}.model`, trained.model);
  writeFileAtomic(`${given.model_prefix}.vocab`, trained.vocab);
  return trained;
}

/** As `train`, in a thread of its own. @throws as it does, and StoppedError. */
export function trainAside(
  given: Partial<TrainerSettings>,
  recorded: Recorded = {},
  text?: string,
  options: WorkOptions = {},
): Promise<TrainedModel> {
  return runTask(trainTask, { given, recorded, text }, 'training the tokenizer', options);
}

export const trainTask: Task<
  { given: Partial<TrainerSettings>; recorded: Recorded; text: string | undefined },
  TrainedModel
> = {
  module: import.meta.url,
  name: 'trainTask',
  async run({ given, recorded, text }, report) {
    const { train } = await import('./train.js');
    return train(given, recorded, text, report);
  },
};
