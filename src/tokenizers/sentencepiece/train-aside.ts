/**
 * Training that leaves this thread free to hear signals, where it takes long enough for that to matter. What
 * learns is loaded in the other thread alone, so that it begins at once; what makes a file of it is loaded
 * here, while that is at work.
 */
import { statSync } from 'node:fs';
import { writeFileAtomic } from '../../util/atomic-file.js';
import { UsageError } from '../../util/errors.js';
import { runTask, type Task, type WorkOptions } from '../../util/work.js';
import type { TrainedModel } from './assemble.js';
import type { Learnt } from './bpe-trainer.js';
import type { Recorded, TrainerSettings } from './spec.js';

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

/** Bytes of text from which a thread is worth its 60 ms: less is learnt from in about a second. */
const LONG_TEXT = 2 << 20;

/** As `train`, in a thread of its own where the text is long. @throws as it does, and StoppedError. */
export async function trainAside(
  given: Partial<TrainerSettings>,
  recorded: Recorded = {},
  text?: string,
  options: WorkOptions = {},
): Promise<TrainedModel> {
  const args = { given, text };
  const isLong = text === undefined ? areLong(given.input ?? []) : text.length >= LONG_TEXT;
  const [learnt, { assemble }] = await Promise.all([
    isLong
      ? runTask(learnTask, args, 'training the tokenizer', options)
      : learnTask.run(args, () => {}),
    import('./assemble.js'),
  ]);
  return assemble(given, recorded, learnt);
}

/** Whether files are long together, or not to be measured (a pipe). */
function areLong(files: readonly string[]): boolean {
  let bytes = 0;
  for (const file of files) {
    try {
      const stats = statSync(file);
      if (!stats.isFile()) return true;
      bytes += stats.size;
    } catch {
      return false; // one that cannot be read is the reader's to refuse
    }
  }
  return bytes >= LONG_TEXT;
}

export const learnTask: Task<
  { given: Partial<TrainerSettings>; text: string | undefined },
  Learnt
> = {
  module: import.meta.url,
  name: 'learnTask',
  async run({ given, text }, report) {
    const { learn } = await import('./learn.js');
    const { sourceOf } = await import('./source.js');
    return learn(given, sourceOf(given.input, text), report);
  },
};
