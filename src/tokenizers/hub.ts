/** Tokenizers by their name on the Hugging Face hub: two files, fetched once and kept. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { HuggingFaceTokenizer } from './hugging-face.js';

const HUB = 'https://huggingface.co';
/** Vocabularies are some megabytes; more than this is something else. */
const MOST_BYTES = 1 << 27;
const TIMEOUT_MS = 60_000;

/**
 * The tokenizer of `owner/name`, from the cache, or else from the hub (`HF_ENDPOINT` names another one).
 *
 * @throws UserError where it cannot be had or is broken; nothing broken is kept.
 */
export async function hubTokenizer(name: string, cacheDir?: string): Promise<HuggingFaceTokenizer> {
  const folder =
    cacheDir === undefined ? undefined : join(cacheDir, 'hub', name.replace('/', '--'));
  if (folder !== undefined && existsSync(join(folder, 'tokenizer.json'))) {
    return HuggingFaceTokenizer.fromPath(folder, name);
  }
  const tokenizer = await fetchText(name, 'tokenizer.json');
  if (tokenizer === undefined) throw new UserError(`${name}: the hub has no tokenizer.json for it`);
  const config = await fetchText(name, 'tokenizer_config.json');
  const made = new HuggingFaceTokenizer({ tokenizer, config }, name); // refused before it is kept
  if (folder !== undefined) {
    // The tokenizer itself last: where it is, all is there.
    if (config !== undefined) writeFileAtomic(join(folder, 'tokenizer_config.json'), config);
    writeFileAtomic(join(folder, 'tokenizer.json'), tokenizer);
  }
  return made;
}

/** The file's text; undefined where the hub has no such file. */
async function fetchText(name: string, file: string): Promise<string | undefined> {
  const url = `${process.env['HF_ENDPOINT'] ?? HUB}/${name}/resolve/main/${file}`;
  const failed = (why: string, cause?: unknown): UserError =>
    new UserError(
      `cannot fetch ${url}: ${why}. Without a network, give the path of a tokenizer.json instead.`,
      { cause },
    );
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 404) return undefined;
    if (response.status === 401 || response.status === 403) throw failed('it is not public');
    if (!response.ok) throw failed(`the hub answered ${response.status}`);
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > MOST_BYTES) throw failed(`it has more than ${MOST_BYTES} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw failed(reason(error), error);
  }
}

function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
