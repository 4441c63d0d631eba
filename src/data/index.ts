/** Texts, splits, cached token ids, and the batches that models train and are measured on. */

export { DownloadError, type DownloadFailure, type DownloadProgress } from '../util/download.js';
export type { WorkOptions, WorkProgress } from '../util/work.js';
export {
  type DataProgress,
  type DatasetInfo,
  type DatasetOptions,
  type DatasetSplit,
  type LoadedDataset,
  loadDataset,
} from './dataset.js';
export { DocumentPass, type DocumentPassOptions } from './document-pass.js';
export { type DocumentOptions, DocumentSampler } from './document-sampler.js';
export type { DocumentsInfo } from './documents.js';
export { encodeAside } from './encode.js';
export { type EvaluationOptions, EvaluationPass } from './evaluation.js';
export {
  type BatchPass,
  type BatchSampler,
  type ExampleSource,
  passOf,
  samplerOf,
} from './examples.js';
export { datasetFromText, type FromTextOptions } from './from-text.js';
export {
  DATASETS,
  type DatasetDefinition,
  type DatasetEntry,
  DEFAULT_DATASET,
  registerDataset,
} from './registry.js';
export { type Batch, type TargetKind, type WindowOptions, WindowSampler } from './sampler.js';
export { ShuffledPass } from './shuffled-pass.js';
export {
  checkSplit,
  DEFAULT_SPLIT,
  parseSplit,
  SPLIT_NAMES,
  type SplitFractions,
  type SplitName,
  splitIds,
} from './split.js';
export { readStandardInput, STANDARD_INPUT } from './standard-input.js';
export { type LoadedText, type LoadTextOptions, loadText } from './text.js';
export { type EncodedText, encodeCached } from './token-cache.js';
export type { TokenIds } from './token-ids.js';
