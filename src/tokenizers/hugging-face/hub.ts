/** Tokenizers by their name on the Hugging Face hub: two files, fetched once and kept. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeLeftovers, writeFileAtomic } from '../../util/atomic-file.js';
import { DownloadError, type ReceiveOptions, receive } from '../../util/download.js';
import { UsageError, UserError } from '../../util/errors.js';
import { openHuggingFace } from './open.js';
import { HuggingFaceTokenizer } from './tokenizer.js';

const HUB = 'https://huggingface.co';
/** Vocabularies are some megabytes; more than this is something else. */
const MOST_BYTES = 1 << 27;
const TOTAL_MS = 120_000;

/**
 * One part of a name on the hub: letters, digits, `-`, `_` and `.`, neither `-` nor `.` at an end, 96 at most
 * (`validate_repo_id` of huggingface_hub).
 */
const PART = /^(?=.{1,96}$)[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?$/;

export interface HubOptions extends ReceiveOptions {
  /** Where to keep what is fetched. Default: nothing is kept. */
  cacheDir?: string | undefined;
}

/**
 * `owner/name`, checked by the hub's own rules: it becomes part of an address and of a path.
 *
 * @param what the error calls it.
 * @throws UsageError saying what is wrong with it.
 */
export function checkHubName(name: string, what = 'tokenizer'): string {
  const parts = name.split('/');
  const isName =
    parts.length === 2 &&
    parts.every((part) => PART.test(part)) &&
    !/--|\.\./.test(name) &&
    !name.endsWith('.git');
  if (isName) return name;
  throw new UsageError(
    `${what} "${name}": no such file, and not a name on the Hugging Face hub: those are owner/name, of ` +
      'letters, digits, "-", "_" and ".", without "--" or "..", and without "-" or "." at an end.',
  );
}

/**
 * The tokenizer of `owner/name`, from the cache, or else from the hub (`HF_ENDPOINT` names another one).
 * Where the cache cannot be written it is fetched anew the next time.
 *
 * @throws UsageError for what can be no name; UserError where it cannot be had or is broken, and then
 *   nothing is kept.
 */
export async function hubTokenizer(
  name: string,
  { cacheDir, ...options }: HubOptions = {},
): Promise<HuggingFaceTokenizer> {
  checkHubName(name);
  const folder =
    cacheDir === undefined ? undefined : join(cacheDir, 'hub', name.replace('/', '--'));
  if (folder !== undefined && existsSync(join(folder, 'tokenizer.json'))) {
    return openHuggingFace(folder, name);
  }
  const tokenizer = await fetchText(name, 'tokenizer.json', options);
  if (tokenizer === undefined) throw new UserError(`${name}: the hub has no tokenizer.json for it`);
  const config = await fetchText(name, 'tokenizer_config.json', options);
  const made = new HuggingFaceTokenizer({ tokenizer, config }, name); // refused before it is kept
  if (folder !== undefined) keep(folder, tokenizer, config);
  return made;
}

function keep(folder: string, tokenizer: string, config: string | undefined): void {
  try {
    removeLeftovers(folder);
    // The tokenizer itself last: where it is, all is there.
    if (config !== undefined) writeFileAtomic(join(folder, 'tokenizer_config.json'), config);
    writeFileAtomic(join(folder, 'tokenizer.json'), tokenizer);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** The file's text; undefined where the hub has no such file. */
async function fetchText(
  name: string,
  file: string,
  options: ReceiveOptions,
): Promise<string | undefined> {
  const url = hubAddress(name, file);
  const pieces: Uint8Array[] = [];
  try {
    await receive(url, { maxBytes: MOST_BYTES, totalTimeout: TOTAL_MS, ...options }, (piece) => {
      pieces.push(piece);
    });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    if (error.status === 404) return undefined;
    const isPrivate = error.status === 401 || error.status === 403;
    const why = isPrivate ? `${url} is not public.` : error.message;
    throw new UserError(
      `cannot fetch the tokenizer ${name}: ${why} Without a network, give the path of a tokenizer.json instead.`,
      { cause: error },
    );
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Where a file of `owner/name` is fetched from; `HF_ENDPOINT` names another hub. @throws UserError for what is no address. */
export function hubAddress(name: string, file: string): string {
  return `${endpoint()}/${name}/resolve/main/${file}`;
}

function endpoint(): string {
  const chosen = process.env['HF_ENDPOINT'];
  if (!chosen) return HUB;
  if (/^https?:\/\/[^/]/i.test(chosen) && URL.canParse(chosen)) return chosen.replace(/\/+$/, '');
  throw new UserError(`HF_ENDPOINT names ${chosen}: expected an http(s) URL. Fix or unset it.`);
}
