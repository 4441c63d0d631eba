/** Models of other people's, in and out: read from what they publish, and written as they read it. */
export { FAMILY_NAMES } from './families.js';
export {
  type LoadPretrainedOptions,
  loadPretrained,
  openPretrained,
  type Pretrained,
} from './load.js';
export { OpenedPretrained, type OpenOptions, type PretrainedConfig } from './opened.js';
export {
  type SavedDType,
  type SavedPretrained,
  type SavePretrainedOptions,
  savePretrained,
} from './save.js';
export { type GgufDType, type SavedGguf, type SaveGgufOptions, saveGguf } from './save-gguf.js';
