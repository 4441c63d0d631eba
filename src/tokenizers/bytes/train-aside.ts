/** Learning a byte-level BPE in a thread of its own. */
import { runTask, type WorkOptions } from '../../util/work.js';
import { type ByteBpeSettings, trainByteBpeTask } from './train.js';
import { ByteBpeTokenizer } from './trained.js';

/** As `ByteBpeTokenizer.train`, in a thread of its own. @throws as it does, and StoppedError. */
export async function trainByteBpeAside(
  text: string,
  settings: ByteBpeSettings,
  options: WorkOptions = {},
): Promise<ByteBpeTokenizer> {
  const doing = 'training the tokenizer';
  const merges = await runTask(trainByteBpeTask, { text, settings }, doing, options);
  return new ByteBpeTokenizer(merges, settings.split, settings.specials);
}
