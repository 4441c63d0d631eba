/** From what the user names to what a model trains on: text, tokenizer, ids, splits. */
import { createTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { cacheDir } from '../util/cache-dir.js';
import type { DownloadProgress } from '../util/download.js';
import { StoppedError } from '../util/errors.js';
import type { WorkProgress } from '../util/work.js';
import {
  type DocumentsInfo,
  encodeDocuments,
  joinDocuments,
  shuffledDocuments,
} from './documents.js';
import { splitBytesAside } from './encode.js';
import type { ExampleSource } from './examples.js';
import { hasDocuments } from './registry.js';
import {
  checkSplit,
  DEFAULT_SPLIT,
  SPLIT_NAMES,
  type SplitFractions,
  type SplitName,
  splitIds,
} from './split.js';
import { STANDARD_INPUT } from './standard-input.js';
import { type LoadedText, type LoadTextOptions, loadText } from './text.js';
import { type EncodeCacheOptions, encodeCached } from './token-cache.js';
import type { TokenIds } from './token-ids.js';

/** How far loading has come: a download, or long work on the text. */
export type DataProgress = DownloadProgress | WorkProgress;

export interface DatasetOptions extends Omit<LoadTextOptions, 'onProgress'> {
  /** Hears of a download (then there is a `url`), and of training a tokenizer and encoding (`doing`). */
  onProgress?: ((progress: DataProgress) => void) | undefined;
  /** A named dataset, path or address, as `loadText` takes it. Default `tiny_shakespeare`. */
  data?: string | undefined;
  /** A tokenizer's name (`char`, `p50k_base`, …), or the tokenizer itself. */
  tokenizer: string | Tokenizer;
  /** Default 80/10/10. */
  split?: SplitFractions | undefined;
  /**
   * Whether each line is a document of its own, as in `names`: shuffled before the split, and no context
   * of one another. Default: as the dataset is registered; a text of one's own is one text.
   */
  documents?: boolean | undefined;
  /** Folder for token ids, or null to keep none. Default: in the user's cache. */
  tokenCache?: string | null | undefined;
}

export interface DatasetSplit extends ExampleSource {
  /** Token ids: a view of the ids of the whole text; of documents, each ended by the boundary. */
  readonly ids: TokenIds;
  /** UTF-8 bytes of the raw text that these ids stand for. */
  readonly bytes: number;
}

/** What a run writes down about its data: plain JSON. */
export interface DatasetInfo {
  readonly name: string;
  readonly source: string;
  /** SHA-256 of the whole text. */
  readonly sha256: string;
  readonly bytes: number;
  readonly tokens: number;
  readonly tokenizer: string;
  readonly vocabSize: number;
  readonly split: SplitFractions;
  readonly splits: Readonly<Record<SplitName, { tokens: number; bytes: number }>>;
  /** False when the tokenizer changes the text, so that the bytes of each split are a close estimate. */
  readonly exactBytes: boolean;
  /** For separate documents. */
  readonly documents?: DocumentsInfo;
  /** Whether the ids came from the cache. */
  readonly cached: boolean;
}

export interface LoadedDataset {
  readonly tokenizer: Tokenizer;
  readonly splits: Readonly<Record<SplitName, DatasetSplit>>;
  readonly info: DatasetInfo;
  /** The text itself, where it cannot be read again (standard input): a run keeps it. */
  readonly text?: string;
  /** Lines for the user: another text than the one asked for, a cache that cannot be written. */
  readonly notices: readonly string[];
}

/**
 * Loads a text, makes the tokenizer (from the whole text, where it is built from one), encodes it, and
 * cuts the ids into contiguous splits; or, for separate documents, shuffles and cuts these. What takes
 * long is done in threads of its own: meanwhile `signal` ends it. Prints nothing.
 *
 * @throws UserError or UsageError as `loadText`, `createTokenizer` and `checkSplit` do, and when the
 *   tokenizer cannot express the text; StoppedError, DownloadError when `signal` is aborted.
 */
export async function loadDataset(options: DatasetOptions): Promise<LoadedDataset> {
  const split = checkSplit(options.split ?? DEFAULT_SPLIT); // before anything is fetched
  const text = await loadText(options.data, options);
  if (options.signal?.aborted) throw new StoppedError('loading the data was stopped');
  // What stands in for a dataset that cannot be had is what it is, and not what that would have been.
  const isDocuments = options.documents ?? hasDocuments(text.name);
  const documents = isDocuments ? shuffledDocuments(text.text, text.name) : undefined;
  const whole = documents ? joinDocuments(documents) : text.text;
  const work = { signal: options.signal, onProgress: options.onProgress };
  const tokenizer =
    typeof options.tokenizer === 'string'
      ? await createTokenizer(options.tokenizer, {
          text: () => whole,
          cacheDir: cacheDir('tokenizers'),
          ...work,
        })
      : options.tokenizer;
  const cache = { ...work, folder: options.tokenCache };
  const encoded: EncodedSplits = documents
    ? { ...(await encodeDocuments(documents, tokenizer, split, cache)), exact: true }
    : await encodeText(text, tokenizer, split, cache);
  const { ids, bytes, exact, info: documentsInfo } = encoded;
  const bySplit = <T>(make: (name: SplitName) => T) =>
    Object.fromEntries(SPLIT_NAMES.map((name) => [name, make(name)])) as Record<SplitName, T>;
  return {
    tokenizer,
    splits: bySplit((name) => ({
      ids: ids[name],
      bytes: bytes[name],
      ...(documentsInfo && { boundary: documentsInfo.boundary }),
    })),
    info: {
      name: text.name,
      source: text.source,
      sha256: text.sha256,
      bytes: text.bytes,
      tokens: SPLIT_NAMES.reduce((sum, name) => sum + ids[name].length, 0),
      tokenizer: tokenizer.name,
      vocabSize: tokenizer.vocabSize,
      split,
      splits: bySplit((name) => ({ tokens: ids[name].length, bytes: bytes[name] })),
      exactBytes: exact,
      ...(documentsInfo && { documents: documentsInfo }),
      cached: encoded.cached,
    },
    ...(options.data === STANDARD_INPUT && { text: text.text }),
    notices: [text.notice, encoded.notice].filter((notice) => notice !== undefined),
  };
}

/** What becomes of a text, or of documents. */
interface EncodedSplits {
  ids: Record<SplitName, TokenIds>;
  bytes: Record<SplitName, number>;
  exact: boolean;
  cached: boolean;
  notice?: string;
  info?: DocumentsInfo;
}

async function encodeText(
  text: LoadedText,
  tokenizer: Tokenizer,
  split: SplitFractions,
  options: EncodeCacheOptions,
): Promise<EncodedSplits> {
  const encoded = await encodeCached(text, tokenizer, options);
  const ids = splitIds<TokenIds>(encoded.ids, split);
  return { ...encoded, ids, ...(await splitBytesAside(text.text, tokenizer, ids, options)) };
}
