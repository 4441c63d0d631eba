/** A text that was encoded and cut: what a model trains on. */
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { DocumentsInfo } from './documents.js';
import type { ExampleSource } from './examples.js';
import { SPLIT_NAMES, type SplitFractions, type SplitName } from './split.js';
import type { TokenIds } from './token-ids.js';

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

/** What becomes of a text, or of documents. */
export interface EncodedSplits {
  ids: Record<SplitName, TokenIds>;
  bytes: Record<SplitName, number>;
  exact: boolean;
  cached: boolean;
  notice?: string;
  info?: DocumentsInfo;
}

/** What is known of a text itself. */
export type TextInfo = Pick<DatasetInfo, 'name' | 'source' | 'sha256' | 'bytes'>;

/** Puts together what a run trains on and writes down. */
export function loadedDataset(
  text: TextInfo,
  tokenizer: Tokenizer,
  split: SplitFractions,
  encoded: EncodedSplits,
): LoadedDataset {
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
    notices: [],
  };
}
