export { Dropout } from './dropout.js';
export { Embedding, type EmbeddingOptions } from './embedding.js';
export * as init from './init.js';
export { type Initializer, Linear, type LinearOptions } from './linear.js';
export { type Layer, Module, type ParameterRow } from './module.js';
export { buffer, parameter, type Role, roleOf } from './parameter.js';
export type { LoadOptions, LoadResult } from './state-dict.js';
