/** Characters of long texts, collected in a thread of its own. */
import { runTask, type Task, type WorkOptions } from '../util/work.js';
import { CharTokenizer, charactersOf } from './char.js';

/** Shorter texts take less time than a thread to start. */
const LONG_TEXT = 1 << 22;

/** For a thread of its own. */
export const charactersTask: Task<{ text: string }, string[]> = {
  module: import.meta.url,
  name: 'charactersTask',
  run: ({ text }) => charactersOf(text),
};

/** As `CharTokenizer.fromText`, in a thread of its own where the text is long. @throws StoppedError too. */
export async function charTokenizerAside(
  text: string,
  options: WorkOptions = {},
): Promise<CharTokenizer> {
  if (text.length < LONG_TEXT) return CharTokenizer.fromText(text);
  return new CharTokenizer(
    await runTask(charactersTask, { text }, 'collecting characters', options),
  );
}
