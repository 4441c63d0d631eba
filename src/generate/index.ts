/** Writing text: the decoding loop, and how the next token is chosen. */
export type { Alternative, TokenChoice } from './choice.js';
export {
  type Decoding,
  type DecodingModel,
  type GenerateOptions,
  generate,
  generateChoices,
  generateTokens,
} from './generate.js';
export { Sampler, type SamplingOptions } from './sampler.js';
export { StopText } from './stop-text.js';
export { type GenerateTextOptions, generateText, type TextPiece } from './text.js';
