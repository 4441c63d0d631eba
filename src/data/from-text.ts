/** From a text at hand to what a model trains on, without a file system. */
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { sha256 } from '../util/sha256.js';
import { boundaryOf, shuffledDocuments, splitDocuments } from './documents.js';
import { type LoadedDataset, loadedDataset } from './loaded.js';
import { checkSplit, DEFAULT_SPLIT, type SplitFractions, splitIds } from './split.js';
import { splitBytes } from './split-bytes.js';
import { encodeDocumentsHere, packIds } from './token-ids.js';

export interface FromTextOptions {
  /** What the run calls it. Default `text`. */
  name?: string | undefined;
  /** Where it came from, for whoever reads the run's settings. Default: its name. */
  source?: string | undefined;
  /** Default 80/10/10. */
  split?: SplitFractions | undefined;
  /** Whether each line is a document of its own (`loadDataset`). Default false. */
  documents?: boolean | undefined;
}

/**
 * As `loadDataset`, of a text and a tokenizer that are at hand: the same ids, splits and description. All is done
 * at once, in this thread.
 *
 * @throws UserError or UsageError as `checkSplit` does, and when the tokenizer cannot express the text.
 */
export function datasetFromText(
  text: string,
  tokenizer: Tokenizer,
  options: FromTextOptions = {},
): LoadedDataset {
  const { name = 'text', source = name, documents = false } = options;
  const split = checkSplit(options.split ?? DEFAULT_SPLIT);
  const utf8 = new TextEncoder().encode(text);
  const info = { name, source, sha256: sha256(utf8), bytes: utf8.length };
  if (documents) {
    const lines = shuffledDocuments(text, name);
    const boundary = boundaryOf(tokenizer);
    const ids = encodeDocumentsHere(lines, tokenizer, boundary);
    const cut = splitDocuments(lines, ids, boundary, split);
    return loadedDataset(info, tokenizer, split, { ...cut, exact: true, cached: false });
  }
  const ids = splitIds(packIds(tokenizer, tokenizer.encode(text)), split);
  const counted = splitBytes(text, tokenizer, ids);
  return loadedDataset(info, tokenizer, split, { ids, ...counted, cached: false });
}
