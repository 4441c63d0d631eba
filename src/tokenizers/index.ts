/** Tokenizers: one interface, made by name or loaded from a folder. */

export { inspectionPage } from './inspect/html.js';
export {
  type Inspection,
  type InspectOptions,
  inspect,
  LONG_WORD,
  ruleOfThumb,
  shortToken,
} from './inspect/inspect.js';
export {
  type CreateOptions,
  createTokenizer,
  loadTokenizer,
  registerTokenizer,
  TOKENIZER_NAMES,
  type TokenizerDefinition,
} from './registry.js';
export { saveFolder as saveTokenizerFolder } from './save-folder.js';
export {
  checkIds,
  fingerprintOf as tokenizerFingerprint,
  type TokenizerFiles,
  type TokenizerManifest,
} from './support.js';
export type {
  DecodeStream,
  EncodeOptions,
  MergeStep,
  Tokenizer,
  TokenizerKind,
} from './tokenizer.js';
export { type TrainTokenizerOptions, trainTokenizer } from './train.js';
