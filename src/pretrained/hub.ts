/** Models by their name on the Hugging Face hub: fetched once, and kept in the cache. */
import fs from 'node:fs';
import path from 'node:path';
import { readIndex } from '../formats/index.js';
import { checkHubName, hubAddress } from '../tokenizers/hugging-face/hub.js';
import { removeLeftovers, writeFileAtomic } from '../util/atomic-file.js';
import { cacheDir } from '../util/cache-dir.js';
import { DownloadError, type DownloadProgress, download } from '../util/download.js';
import { UserError } from '../util/errors.js';
import { familyOf } from './families.js';
import { CONFIG, INDEX, WEIGHTS } from './file-names.js';
import { Keys } from './keys.js';

/** Weights beyond this fit no machine that this is made for. */
const MOST_BYTES = 2 ** 40;
const MOST_SMALL_BYTES = 1 << 27;
/** For one file: large ones take hours on slow networks. */
const TOTAL_MS = 24 * 3600 * 1000;
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'tokenizer.model'];

export interface HubOptions {
  /** Hears how far each file has come. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Stops the download. Files that are complete are kept. */
  signal?: AbortSignal | undefined;
}

/**
 * The folder with the files of `owner/name`, fetched where they are not there yet. `HF_ENDPOINT` names another
 * hub.
 *
 * @throws UsageError for what can be no name; UserError where it cannot be had, or is of a family that is not
 *   understood, before its weights are fetched.
 */
export async function hubModel(name: string, options: HubOptions = {}): Promise<string> {
  const folder = cacheDir('models', checkHubName(name, 'model').replace('/', '--'));
  const config = path.join(folder, CONFIG);
  if (fs.existsSync(config)) return folder; // it comes last: all is there
  removeLeftovers(folder);
  const aside = path.join(folder, `${CONFIG}.unfinished`);
  if (!(await fetched(name, CONFIG, aside, MOST_SMALL_BYTES, options))) {
    throw new UserError(`${name}: the hub has no ${CONFIG} for it.`);
  }
  const text = fs.readFileSync(aside, 'utf8');
  familyOf(new Keys(`${name}: ${CONFIG}`, parsed(name, text)));
  const get = (file: string, most: number) =>
    fetched(name, file, path.join(folder, file), most, options);
  if (!(await get(WEIGHTS, MOST_BYTES))) {
    if (!(await get(INDEX, MOST_SMALL_BYTES))) {
      throw new UserError(`${name}: the hub has neither ${WEIGHTS} nor ${INDEX} for it.`);
    }
    for (const shard of new Set(readIndex(path.join(folder, INDEX)).values())) {
      if (await get(shard, MOST_BYTES)) continue;
      throw new UserError(`${name}: the hub lacks ${shard}, which its index names.`);
    }
  }
  for (const file of TOKENIZER_FILES) await get(file, MOST_SMALL_BYTES);
  fs.rmSync(aside, { force: true });
  writeFileAtomic(config, text);
  return folder;
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${name}: its ${CONFIG} is not valid JSON.`, { cause });
  }
}

/** Fetches a file unless it is there; false where the hub has none. */
async function fetched(
  name: string,
  file: string,
  target: string,
  maxBytes: number,
  options: HubOptions,
): Promise<boolean> {
  if (fs.existsSync(target)) return true;
  const url = hubAddress(name, file);
  try {
    await download(url, target, { maxBytes, totalTimeout: TOTAL_MS, ...options });
    return true;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    if (error.status === 404) return false;
    const isPrivate = error.status === 401 || error.status === 403;
    const why = isPrivate ? `${url} is not public.` : error.message;
    throw new UserError(
      `cannot fetch the model ${name}: ${why} Without a network, give a folder with its files instead.`,
      { cause: error },
    );
  }
}
