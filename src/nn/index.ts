export { stackMatrices } from '../tensor/internal.js';
export {
  ACTIVATION_NAMES,
  type ActivationName,
  activation,
  GELU,
  Identity,
  LeakyReLU,
  ReLU,
  ReLUSquared,
  Sigmoid,
  SiLU,
  Tanh,
} from './activations.js';
export {
  BatchNorm1d,
  type BatchNorm1dOptions,
  INFERENCE_STATISTICS,
  type InferenceStatistics,
  POPULATION_STATISTICS,
  type PopulationStatistics,
  type StatisticsObserver,
  type TrackedStatistics,
} from './batch-norm.js';
export {
  batchNormsOf,
  observeBatches,
  PooledStatistics,
  type RecomputeOptions,
  recomputeStatistics,
} from './batch-statistics.js';
export { Conv1d, type Conv1dLayerOptions, Conv1dStream, conv1x1 } from './conv1d.js';
export { Dropout } from './dropout.js';
export { Embedding, type EmbeddingOptions } from './embedding.js';
export { Flatten } from './flatten.js';
export { foldBatchNorm } from './fold.js';
export { GroupNorm } from './group-norm.js';
export * as init from './init.js';
export { type Hooks, instrument } from './instrument.js';
export { LayerNorm, type LayerNormOptions, RMSNorm } from './layer-norm.js';
export { type Initializer, Linear, type LinearOptions } from './linear.js';
export { type Layer, Module, type ParameterRow } from './module.js';
export { buffer, parameter, type Role, roleOf } from './parameter.js';
export { Sequential } from './sequential.js';
export type { SharedBatches } from './shared-batch-norm.js';
export type { LoadOptions, LoadResult } from './state-dict.js';
