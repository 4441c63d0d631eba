/** One text, from wherever `--data` says: a named dataset, a file, a folder, a URL, standard input. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { fileError } from '../util/atomic-file.js';
import { describeValue } from '../util/describe.js';
import { DownloadError } from '../util/download.js';
import { UsageError, UserError } from '../util/errors.js';
import { readRegularFile } from '../util/read-file.js';
import { readFolder } from './folder.js';
import {
  DATASETS,
  DEFAULT_DATASET,
  datasetName,
  type RegisteredDataset,
  type RemoteDataset,
} from './registry.js';
import { addressedText, type FetchOptions, registeredText } from './remote.js';
import { readStandardInput, STANDARD_INPUT } from './standard-input.js';
import { textOf } from './text-bytes.js';

export interface LoadedText {
  /** The dataset's name, the file's or folder's, or the last part of the URL; without `.gz`. */
  readonly name: string;
  readonly text: string;
  /** Length of the text in UTF-8 bytes. */
  readonly bytes: number;
  /** SHA-256 of the text's UTF-8 bytes, in hex: two runs with the same one saw the same text. */
  readonly sha256: string;
  /** Where it was read: a path, an npm package, or `standard input`. */
  readonly source: string;
  /** One line for the user, when the text is not the one asked for, or not all of it. */
  readonly notice?: string;
}

export interface LoadTextOptions extends FetchOptions {
  /** Stand-in for a registered dataset's public URL (a mirror). The checksum stays the same. */
  url?: string | undefined;
  /** Whether a dataset that can be had nowhere may be replaced by its fallback. Default false. */
  fallback?: boolean | undefined;
}

/**
 * Reads a text.
 *
 * @param spec one of
 *   - a registered name (`DATASETS`): looked for in the folder NANOGPT_DATA_DIR, then in the cache, then
 *     fetched from its public URL, always verified by its SHA-256. With `options.fallback`,
 *     `tiny_shakespeare` gives way to `moby_dick`, with a notice, when there is no network;
 *   - an `http://` or `https://` URL: fetched once, then read from the cache;
 *   - a path to a file of UTF-8 text;
 *   - a path to a folder: all files below it that end in one of `TEXT_EXTENSIONS` (`readFolder`);
 *   - `-`: standard input, read once.
 *
 *   A name is tried before a path: write `./names` for a file called like a dataset. What is compressed
 *   by gzip is decompressed, wherever it comes from.
 * @throws UserError when the text is empty, is not UTF-8, is longer than one string, cannot be read or
 *   fetched, or is not the one expected; UsageError when `spec` is nothing that exists. The cache never
 *   keeps a broken file.
 */
export async function loadText(
  spec: string = DEFAULT_DATASET,
  options: LoadTextOptions = {},
): Promise<LoadedText> {
  const name = datasetName(spec);
  if (name !== undefined) {
    const dataset = DATASETS[name]!;
    if (dataset.kind === 'packaged') return loaded(name, await dataset.read(), dataset.package);
    if (dataset.kind === 'remote') return loadRemote(name, dataset, options);
    return loaded(name, await registeredDataset(name, dataset), 'a dataset of your own');
  }
  if (spec === STANDARD_INPUT) {
    const source = 'standard input';
    const { signal } = options;
    return loaded(
      'stdin',
      await textOf(await readStandardInput(signal), source, { signal }),
      source,
    );
  }
  if (/^https?:\/\//i.test(spec)) {
    const { name, text, source } = await addressedText(spec, options);
    return loaded(withoutGz(name), text, source);
  }
  return loadPath(spec, options.signal);
}

async function registeredDataset(name: string, dataset: RegisteredDataset): Promise<string> {
  const text: unknown = await dataset.read();
  if (typeof text === 'string' && text !== '') return text;
  throw new UserError(
    `dataset ${name}: expected its read() to give a text, got ${describeValue(text)}`,
  );
}

function loaded(name: string, text: string, source: string, notice?: string): LoadedText {
  const utf8 = Buffer.from(text, 'utf8');
  const sha256 = createHash('sha256').update(utf8).digest('hex');
  const result = { name, text, bytes: utf8.length, sha256, source };
  return notice === undefined ? result : { ...result, notice };
}

async function loadPath(spec: string, signal: AbortSignal | undefined): Promise<LoadedText> {
  const source = path.resolve(spec);
  let stat: fs.Stats | undefined;
  try {
    stat = fs.statSync(spec, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError('cannot read', source, error);
  }
  if (stat === undefined) throw unknownData(spec);
  if (stat.isDirectory()) {
    const { text, notice } = await readFolder(source, { signal });
    return loaded(path.basename(source), text, source, notice);
  }
  const text = await textOf(readRegularFile(source), source, { signal });
  return loaded(withoutGz(path.basename(source)), text, source);
}

function withoutGz(name: string): string {
  return name.replace(/(?<=.)\.gz$/i, '');
}

async function loadRemote(
  name: string,
  dataset: RemoteDataset,
  options: LoadTextOptions,
): Promise<LoadedText> {
  try {
    const url = options.url ?? dataset.url;
    const { text, source } = await registeredText(name, dataset, url, options);
    return loaded(name, text, source);
  } catch (error) {
    const offline = error instanceof DownloadError && error.reason === 'unreachable';
    if (!offline) throw error;
    const place = `Set NANOGPT_DATA_DIR to a folder with ${dataset.files[0]} to use it offline.`;
    if (dataset.fallback === undefined || !options.fallback) {
      throw new DownloadError(error.reason, `${error.message} ${place}`, error, error.status);
    }
    const stand = await loadText(dataset.fallback);
    return {
      ...stand,
      notice:
        `${name} is not cached and its URL cannot be reached; using ${stand.name} ` +
        `(${stand.bytes} bytes) instead. ${place}`,
    };
  }
}

function unknownData(spec: string): UsageError {
  const names = Object.keys(DATASETS);
  const near = closest(spec, names);
  const hint = distance(spec, near) <= near.length / 2 ? ` Did you mean ${near}?` : '';
  return new UsageError(
    `no data at "${spec}": not a file or folder, and no dataset has this name.${hint} ` +
      `Expected a path, an http(s) URL, - for standard input, or one of ${names.join(', ')}.`,
  );
}
