/** The tokenizer that a command names. */
import { createTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { cacheDir } from '../util/cache-dir.js';
import type { WorkOptions } from '../util/work.js';

class TextNeeded extends Error {}

/**
 * The tokenizer that `spec` names.
 *
 * @param load gives the text; called only for a tokenizer that is built from one.
 */
export async function makeTokenizer(
  spec: string,
  load: () => Promise<string>,
  work: WorkOptions,
): Promise<Tokenizer> {
  const options = { ...work, cacheDir: cacheDir('tokenizers') };
  try {
    return await createTokenizer(spec, {
      ...options,
      text: () => {
        throw new TextNeeded();
      },
    });
  } catch (error) {
    if (!(error instanceof TextNeeded)) throw error;
  }
  const text = await load();
  return createTokenizer(spec, { ...options, text: () => text });
}
