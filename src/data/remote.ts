/** Texts from elsewhere, kept in the cache: registered datasets, and URLs. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { removeLeftovers } from '../util/atomic-file.js';
import { cacheDir } from '../util/cache-dir.js';
import { type DownloadOptions, download } from '../util/download.js';
import { UsageError, UserError } from '../util/errors.js';
import { readRegularFile } from '../util/read-file.js';
import type { RemoteDataset } from './registry.js';
import { textOf } from './text-bytes.js';

/** How a text is fetched. */
export interface FetchOptions
  extends Pick<
    DownloadOptions,
    'onProgress' | 'connectTimeout' | 'stallTimeout' | 'totalTimeout' | 'maxBytes' | 'signal'
  > {
  /** Nothing is fetched: a text that is not on this machine is an error. Default false. */
  readonly offline?: boolean | undefined;
}

/** Content, and the file that it was read from. */
export interface KeptText {
  readonly text: string;
  readonly source: string;
}

/**
 * The text of a registered dataset: from NANOGPT_DATA_DIR, from the cache, or fetched into it; always
 * the one with the registered SHA-256.
 *
 * @param url the dataset's URL, or a mirror's.
 * @throws UserError, DownloadError when it cannot be had, or only another one.
 */
export async function registeredText(
  name: string,
  dataset: RemoteDataset,
  url: string,
  options: FetchOptions,
): Promise<KeptText> {
  const own = findInDataDir(dataset);
  if (own !== undefined) return kept(own, options);
  const cached = cachePath(`${name}.txt`);
  if (!fs.existsSync(cached) || sha256Of(readRegularFile(cached)) !== dataset.sha256) {
    // A cached file with another checksum was damaged after it was written; it is fetched anew.
    await fetchIntoCache(url, cached, { ...options, sha256: dataset.sha256 });
  }
  return kept(cached, options);
}

/** The dataset's file below NANOGPT_DATA_DIR, verified; undefined when there is none. */
function findInDataDir(dataset: RemoteDataset): string | undefined {
  const root = process.env['NANOGPT_DATA_DIR'];
  if (!root) return undefined;
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`NANOGPT_DATA_DIR names ${root}, which is not a folder. Fix or unset it.`);
  }
  for (const relative of [...dataset.files, ...dataset.generalFiles]) {
    const file = path.resolve(root, relative);
    if (!fs.existsSync(file)) continue;
    const actual = sha256Of(readRegularFile(file));
    if (actual === dataset.sha256) return file;
    if (dataset.generalFiles.includes(relative)) continue;
    throw new UserError(
      `${file} (found through NANOGPT_DATA_DIR) has a wrong checksum: expected SHA-256 ` +
        `${dataset.sha256} (${dataset.bytes} bytes), got ${actual}. Replace or rename it, or give its ` +
        'path to train on this very file.',
    );
  }
  return undefined;
}

/**
 * The text at a URL, fetched once and then read from the cache; and its name, the last part of the
 * URL.
 *
 * @throws UsageError for what is not a URL; DownloadError, UserError when it cannot be had or is no text.
 */
export async function addressedText(
  url: string,
  options: FetchOptions,
): Promise<KeptText & { name: string }> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new UsageError(`${url} is not a valid URL.`, { cause });
  }
  const name = path.posix.basename(parsed.pathname) || parsed.hostname;
  const safe = name.replace(/[^\w.-]/g, '_').slice(-80);
  const key = sha256Of(Buffer.from(parsed.href)).slice(0, 16);
  const cached = cachePath(`${key}-${safe}`);
  if (!fs.existsSync(cached)) {
    await fetchIntoCache(url, cached, {
      ...options,
      // Checked before it is kept: an error page or a picture should not stay in the cache.
      check: async (file) =>
        void (await textOf(readRegularFile(file), url, { signal: options.signal })),
    });
  }
  return { ...(await kept(cached, options)), name };
}

async function kept(file: string, { signal }: FetchOptions): Promise<KeptText> {
  return { text: await textOf(readRegularFile(file), file, { signal }), source: file };
}

/** A file of the cache, whose folder is rid of what killed downloads left. */
function cachePath(name: string): string {
  const folder = cacheDir('datasets');
  removeLeftovers(folder);
  return path.join(folder, name);
}

async function fetchIntoCache(
  url: string,
  file: string,
  options: DownloadOptions & Pick<FetchOptions, 'offline'>,
): Promise<void> {
  if (options.offline) {
    throw new UserError(`${url} is not on this machine, and was not to be fetched.`);
  }
  try {
    await download(url, file, options);
  } catch (error) {
    const unwritable = error instanceof UserError && error.message.startsWith('cannot write');
    if (!unwritable) throw error;
    throw new UserError(`${error.message} NANOGPT_CACHE_DIR names the cache's folder.`, {
      cause: error,
    });
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
