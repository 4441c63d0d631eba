/** From what the user names to what a model trains on: text, tokenizer, ids, splits. */
import { createTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { cacheDir } from '../util/cache-dir.js';
import type { DownloadProgress } from '../util/download.js';
import { StoppedError } from '../util/errors.js';
import type { WorkProgress } from '../util/work.js';
import { joinDocuments, shuffledDocuments } from './documents.js';
import { splitBytesAside } from './encode.js';
import { encodeDocuments } from './encode-documents.js';
import { type EncodedSplits, type LoadedDataset, loadedDataset } from './loaded.js';
import { hasDocuments } from './registry.js';
import { checkSplit, DEFAULT_SPLIT, type SplitFractions, splitIds } from './split.js';
import { STANDARD_INPUT } from './standard-input.js';
import { type LoadedText, type LoadTextOptions, loadText } from './text.js';
import { type EncodeCacheOptions, encodeCached } from './token-cache.js';
import type { TokenIds } from './token-ids.js';

export type { DatasetInfo, DatasetSplit, LoadedDataset } from './loaded.js';

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
  return {
    ...loadedDataset(text, tokenizer, split, encoded),
    ...(options.data === STANDARD_INPUT && { text: text.text }),
    notices: [text.notice, encoded.notice].filter((notice) => notice !== undefined),
  };
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
