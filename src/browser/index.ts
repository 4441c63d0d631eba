/**
 * nanogpt in a browser: everything that computes, learns and writes, without a file system. Kernels are fetched
 * (`useWasm`), tables of tokenizers loaded when they are asked for; runs are kept in memory (`MemoryRun`), in the form of
 * the command line's.
 */
export { ReferenceBackend } from '../backend/reference.js';
export { WasmBackend } from '../backend/wasm.js';
export { passOf, samplerOf } from '../data/examples.js';
export { datasetFromText, type FromTextOptions } from '../data/from-text.js';
export type { DatasetInfo, DatasetSplit, LoadedDataset } from '../data/loaded.js';
export { DEFAULT_DATASET, PUBLIC_DATASETS } from '../data/public-datasets.js';
export { type SplitFractions, type SplitName, splitIds } from '../data/split.js';
export { MemoryBytes } from '../formats/byte-source.js';
export { safetensorsPieces } from '../formats/safetensors-encode.js';
export { SafetensorsReader } from '../formats/safetensors-read.js';
export * from '../generate/index.js';
export * from '../models/index.js';
export * from '../nn/index.js';
export { evaluate } from '../observe/evaluate.js';
export * from '../optim/index.js';
export {
  buildSettings,
  changeSettings,
  parseOverrides,
  type RunSettings,
  settingsOf,
} from '../runs/config.js';
export type { RunConfig } from '../runs/run-config-schema.js';
export * from '../tensor/index.js';
export { CharTokenizer } from '../tokenizers/char.js';
export type { Tokenizer } from '../tokenizers/tokenizer.js';
export { createModel } from '../train/create-model.js';
export type * from '../train/events.js';
export type { TrainingRecord } from '../train/record.js';
export { Trainer } from '../train/trainer.js';
export type { TrainerOptions, TrainingData } from '../train/trainer-options.js';
export { Emitter } from '../util/emitter.js';
export { ShapeError, UsageError, UserError } from '../util/errors.js';
export { Generator } from '../util/random.js';
export { EngineClient } from './engine-client.js';
export type * from './protocol.js';
export { MemoryRun, type RunFiles } from './run-files.js';
export {
  type GivenText,
  type MemorySession,
  type OpenedMemoryRun,
  openMemoryRun,
  resumeMemoryRun,
  startMemoryRun,
} from './session.js';
export {
  BROWSER_TOKENIZERS,
  makeTokenizer,
  sentencePieceTokenizer,
  tokenizerFromFiles,
} from './tokenizers.js';
export { type UseWasmOptions, useWasm } from './use-wasm.js';
export { VERSION } from './version.js';
