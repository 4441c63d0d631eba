/** From what the user names to what a model trains on: text, tokenizer, ids, splits. */
import { createTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { cacheDir } from '../util/cache-dir.js';
import type { SplitName } from './split.js';
import { checkSplit, DEFAULT_SPLIT, SPLIT_NAMES, type SplitFractions, splitIds } from './split.js';
import { splitBytes } from './split-bytes.js';
import { type LoadTextOptions, loadText } from './text.js';
import { encodeCached, type TokenIds } from './token-cache.js';

export interface DatasetOptions extends LoadTextOptions {
  /** A named dataset, path or address, as `loadText` takes it. Default `tiny_shakespeare`. */
  data?: string | undefined;
  /** A tokenizer's name (`char`, `p50k_base`, …), or the tokenizer itself. */
  tokenizer: string | Tokenizer;
  /** Default 80/10/10. */
  split?: SplitFractions | undefined;
  /** Folder for token ids, or null to keep none. Default: in the user's cache. */
  tokenCache?: string | null | undefined;
}

export interface DatasetSplit {
  /** Token ids: a view of the ids of the whole text. */
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
  /** Whether the ids came from the cache. */
  readonly cached: boolean;
}

export interface LoadedDataset {
  readonly tokenizer: Tokenizer;
  readonly splits: Readonly<Record<SplitName, DatasetSplit>>;
  readonly info: DatasetInfo;
  /** Lines for the user: another text than the one asked for, a cache that cannot be written. */
  readonly notices: readonly string[];
}

/**
 * Loads a text, makes the tokenizer (from the whole text, where it is built from one), encodes it, and
 * cuts the ids into contiguous splits. Prints nothing; `onProgress` hears of a download.
 *
 * @throws UserError or UsageError as `loadText`, `createTokenizer` and `checkSplit` do, and when the
 *   tokenizer cannot express the text.
 */
export async function loadDataset(options: DatasetOptions): Promise<LoadedDataset> {
  const split = checkSplit(options.split ?? DEFAULT_SPLIT); // before anything is fetched
  const text = await loadText(options.data, options);
  const tokenizer =
    typeof options.tokenizer === 'string'
      ? await createTokenizer(options.tokenizer, {
          text: () => text.text,
          cacheDir: cacheDir('tokenizers'),
        })
      : options.tokenizer;
  const encoded = encodeCached(text, tokenizer, { folder: options.tokenCache });
  const ids = splitIds<TokenIds>(encoded.ids, split);
  const { bytes, exact } = splitBytes(text.text, tokenizer, ids);
  const bySplit = <T>(make: (name: SplitName) => T) =>
    Object.fromEntries(SPLIT_NAMES.map((name) => [name, make(name)])) as Record<SplitName, T>;
  return {
    tokenizer,
    splits: bySplit((name) => ({ ids: ids[name], bytes: bytes[name] })),
    info: {
      name: text.name,
      source: text.source,
      sha256: text.sha256,
      bytes: text.bytes,
      tokens: encoded.ids.length,
      tokenizer: tokenizer.name,
      vocabSize: tokenizer.vocabSize,
      split,
      splits: bySplit((name) => ({ tokens: ids[name].length, bytes: bytes[name] })),
      exactBytes: exact,
      cached: encoded.cached,
    },
    notices: [text.notice, encoded.notice].filter((notice) => notice !== undefined),
  };
}
