/** The tokenizer for tiny_shakespeare, trained on first use. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../util/atomic-file.js';
import { UserError } from '../../util/errors.js';
import type { WorkOptions } from '../../util/work.js';
import { fingerprintOf } from '../support.js';
import { orLongerText } from './short-text.js';
import { SHAKESPEARE } from './spec.js';
import { SentencePieceTokenizer } from './tokenizer.js';
import { trainAside } from './train-aside.js';

/**
 * A SentencePiece tokenizer with the settings of Llama 2's (`SHAKESPEARE` in `spec.ts`), trained on
 * `text`: 32,000 pieces, in about a second for tiny_shakespeare.
 *
 * @param cacheDir where the model is kept, by what it was trained on; nothing is kept without it.
 */
export async function shakespeareTokenizer(
  text: string,
  { cacheDir, ...work }: { cacheDir?: string | undefined } & WorkOptions = {},
): Promise<SentencePieceTokenizer> {
  const name = 'shakespeare';
  const key = fingerprintOf('shakespeare-1', JSON.stringify(SHAKESPEARE), text);
  const path = cacheDir === undefined ? undefined : join(cacheDir, `${name}-${key}.model`);
  if (path !== undefined && existsSync(path)) {
    try {
      return SentencePieceTokenizer.fromFile(path, name);
    } catch (error) {
      // A model that cannot be read is trained anew.
      if (!(error instanceof UserError)) throw error;
    }
  }
  const settings = { ...SHAKESPEARE, model_prefix: name };
  const { model } = await orLongerText(trainAside(settings, {}, text, work));
  if (path !== undefined) {
    try {
      writeFileAtomic(path, model);
    } catch (error) {
      // A cache that cannot be written costs a second next time, no more.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return new SentencePieceTokenizer(model, name);
}
