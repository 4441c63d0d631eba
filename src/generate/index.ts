/** Writing text: the decoding loop, and how the next token is chosen. */
export {
  type Decoding,
  type DecodingModel,
  type GenerateOptions,
  generate,
  generateTokens,
} from './generate.js';
export { Sampler, type SamplingOptions } from './sampler.js';
