/** One text, from wherever `--data` says: a named dataset, a file, a folder, or an address. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { fileError } from '../util/atomic-file.js';
import { cacheDir } from '../util/cache-dir.js';
import { UsageError, UserError } from '../util/errors.js';
import { DownloadError, type DownloadOptions, download } from './download.js';
import {
  DATASETS,
  DEFAULT_DATASET,
  datasetName,
  type PackagedDataset,
  type RemoteDataset,
} from './registry.js';
import { decodeUtf8 } from './utf8.js';

/** Files of a folder that count as text, by the end of their names (any case). */
export const TEXT_EXTENSIONS = ['.txt', '.text', '.md', '.markdown', '.rst', '.tex'];

export interface LoadedText {
  /** The dataset's name, the file's or folder's, or the last part of the address. */
  readonly name: string;
  readonly text: string;
  /** Length of the text in UTF-8 bytes. */
  readonly bytes: number;
  /** SHA-256 of the text's UTF-8 bytes, in hex: two runs with the same one saw the same text. */
  readonly sha256: string;
  /** Where it was read: a path, or an npm package. */
  readonly source: string;
  /** One line for the user, when the text is not the one asked for. */
  readonly notice?: string;
}

export interface LoadTextOptions
  extends Pick<DownloadOptions, 'onProgress' | 'connectTimeout' | 'stallTimeout' | 'signal'> {
  /** Stand-in for a registered dataset's public address (a mirror). The checksum stays the same. */
  url?: string | undefined;
  /** Whether a dataset that can be had nowhere may be replaced by its fallback. Default true. */
  fallback?: boolean | undefined;
}

/**
 * Reads a text.
 *
 * @param spec one of
 *   - a registered name (`DATASETS`): looked for in the folder NANOGPT_DATA_DIR, then in the cache, then
 *     fetched from its public address, always verified by its SHA-256. The default, `tiny_shakespeare`,
 *     gives way to `moby_dick`, with a notice, when no network is to be had;
 *   - an `http://` or `https://` address: fetched once, then read from the cache;
 *   - a path to a file of UTF-8 text;
 *   - a path to a folder: all files below it that end in one of `TEXT_EXTENSIONS`, hidden ones left out,
 *     in the order of their relative paths (by code unit), a line end added between two where it is
 *     missing.
 *
 *   A name is tried before a path: write `./names` for a file called like a dataset.
 * @throws UserError when the text is empty, is not UTF-8, cannot be read or fetched, or is not the one
 *   expected; UsageError when `spec` is nothing that exists. The cache never keeps a broken file.
 */
export async function loadText(
  spec: string = DEFAULT_DATASET,
  options: LoadTextOptions = {},
): Promise<LoadedText> {
  const name = datasetName(spec);
  if (name !== undefined) {
    const dataset = DATASETS[name]!;
    return dataset.kind === 'packaged'
      ? loadPackaged(name, dataset)
      : loadRemote(name, dataset, options);
  }
  if (/^https?:\/\//i.test(spec)) return loadAddress(spec, options);
  const stat = fs.statSync(spec, { throwIfNoEntry: false });
  if (stat === undefined) throw unknownData(spec);
  const source = path.resolve(spec);
  const text = stat.isDirectory() ? readFolder(source) : decodeUtf8(readBytes(source), source);
  return loaded(path.basename(source), text, source);
}

function loaded(name: string, text: string, source: string, notice?: string): LoadedText {
  const utf8 = Buffer.from(text, 'utf8');
  const sha256 = createHash('sha256').update(utf8).digest('hex');
  const result = { name, text, bytes: utf8.length, sha256, source };
  return notice === undefined ? result : { ...result, notice };
}

async function loadPackaged(name: string, dataset: PackagedDataset): Promise<LoadedText> {
  return loaded(name, await dataset.read(), dataset.package);
}

async function loadRemote(
  name: string,
  dataset: RemoteDataset,
  options: LoadTextOptions,
): Promise<LoadedText> {
  const own = findInDataDir(dataset);
  if (own !== undefined) return loaded(name, decodeUtf8(readBytes(own), own), own);

  const cached = cacheDir('datasets', `${name}.txt`);
  if (!fs.existsSync(cached) || sha256Of(readBytes(cached)) !== dataset.sha256) {
    // A cached file with another checksum was damaged after it was written; it is fetched anew.
    try {
      await fetchIntoCache(options.url ?? dataset.url, cached, {
        ...options,
        sha256: dataset.sha256,
      });
    } catch (error) {
      const offline = error instanceof DownloadError && error.reason === 'unreachable';
      if (!offline || dataset.fallback === undefined || options.fallback === false) throw error;
      const stand = await loadText(dataset.fallback);
      return {
        ...stand,
        notice:
          `${name} is not cached and its address cannot be reached; using ${stand.name} ` +
          `(${stand.bytes} bytes) instead. Set NANOGPT_DATA_DIR to a folder with ${dataset.files[0]} to use it offline.`,
      };
    }
  }
  return loaded(name, decodeUtf8(readBytes(cached), cached), cached);
}

/** The dataset's file below NANOGPT_DATA_DIR, verified; undefined when there is none. */
function findInDataDir(dataset: RemoteDataset): string | undefined {
  const root = process.env['NANOGPT_DATA_DIR'];
  if (!root) return undefined;
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`NANOGPT_DATA_DIR names ${root}, which is not a folder. Mend or unset it.`);
  }
  for (const relative of [...dataset.files, ...dataset.generalFiles]) {
    const file = path.resolve(root, relative);
    if (!fs.existsSync(file)) continue;
    const actual = sha256Of(readBytes(file));
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

async function loadAddress(url: string, options: LoadTextOptions): Promise<LoadedText> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new UsageError(`${url} is not a valid address.`, { cause });
  }
  const name = path.posix.basename(parsed.pathname) || parsed.hostname;
  const safe = name.replace(/[^\w.-]/g, '_').slice(-80);
  const key = createHash('sha256').update(parsed.href).digest('hex').slice(0, 16);
  const cached = cacheDir('datasets', `${key}-${safe}`);
  if (!fs.existsSync(cached)) {
    // Checked before it is kept: an error page or a picture should not stay in the cache.
    await fetchIntoCache(url, cached, {
      ...options,
      check: (bytes) => void decodeUtf8(bytes, url),
    });
  }
  return loaded(name, decodeUtf8(readBytes(cached), cached), cached);
}

async function fetchIntoCache(url: string, file: string, options: DownloadOptions): Promise<void> {
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

function readFolder(folder: string): string {
  let entries: string[];
  try {
    entries = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    throw fileError('cannot read', folder, error);
  }
  const files = entries
    .map((entry) => entry.split(path.sep).join('/'))
    .filter((entry) => TEXT_EXTENSIONS.includes(path.posix.extname(entry).toLowerCase()))
    .filter((entry) => !entry.split('/').some((part) => part.startsWith('.')))
    .filter((entry) => fs.statSync(path.join(folder, entry)).isFile())
    .sort((a, b) => (a < b ? -1 : 1));
  if (files.length === 0) {
    throw new UserError(
      `${folder} has no text in it: expected at least one file ending in ${TEXT_EXTENSIONS.join(', ')}, ` +
        `found ${entries.length === 0 ? 'an empty folder' : `${entries.length} other entries`}.`,
    );
  }
  let text = '';
  for (const file of files) {
    const full = path.join(folder, file);
    if (text !== '' && !text.endsWith('\n')) text += '\n';
    text += decodeUtf8(readBytes(full), full);
  }
  return text;
}

function readBytes(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw fileError('cannot read', file, error);
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function unknownData(spec: string): UsageError {
  const names = Object.keys(DATASETS);
  const near = closest(spec, names);
  const hint = distance(spec, near) <= near.length / 2 ? ` Did you mean ${near}?` : '';
  return new UsageError(
    `no data at "${spec}": it is no file or folder, and no dataset has this name.${hint} ` +
      `Expected a path, an http(s) address, or one of ${names.join(', ')}.`,
  );
}
