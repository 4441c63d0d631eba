/** Tensors, what is computed with them, and autograd: what of it is public. `internal.ts` has what other folders use beside it. */
export type { Backend, DType, ParameterUpdate } from '../backend/backend.js';

import './methods.js';

export { isTensor } from './copy.js';
export {
  currentBackend,
  empty,
  full,
  type Indices,
  ones,
  rand,
  randn,
  tensor,
  useBackend,
  withBackend,
  zeros,
} from './create.js';
export type { InputGradient, RowGradient } from './gradient.js';
export * from './ops/accumulate.js';
export * from './ops/arithmetic.js';
export type { Index, Slice } from './ops/at.js';
export {
  type AttentionOptions,
  causalAttention,
  causalSelfAttention,
  type SelfAttentionOptions,
} from './ops/attention.js';
export type { ClassParts, ClassRanks } from './ops/class-work.js';
export * from './ops/compare.js';
export { type Conv1dOptions, conv1d } from './ops/conv.js';
export { dropout } from './ops/dropout.js';
export { einsum } from './ops/einsum.js';
export * from './ops/elementwise.js';
export { embedding } from './ops/embedding.js';
export { type Gate, gatedActivation } from './ops/gated.js';
export {
  GATED_LINEAR_KINDS,
  type GatedLinearKind,
  gatedLinearUnit,
} from './ops/gated-linear.js';
export {
  type CrossEntropyOptions,
  crossEntropy,
  type LinearCrossEntropyOptions,
  linearCrossEntropy,
} from './ops/loss.js';
export { linear, matmul } from './ops/matrix.js';
export * from './ops/move.js';
export {
  type BatchNormOptions,
  type BatchStatistics,
  batchNorm,
  layerNorm,
  rmsNorm,
} from './ops/norm.js';
export { plainAttention } from './ops/plain-attention.js';
export * from './ops/plain-loss.js';
export { amax, amin, mean, sum, type VarianceOptions, variance } from './ops/reduce.js';
export {
  type RotaryLayout,
  type RotaryOptions,
  type RotaryScaling,
  RotaryTable,
  rotary,
  rotaryFrequencies,
} from './ops/rotary.js';
export * from './ops/sample.js';
export { firstNonFinite, histogram } from './ops/select.js';
export * from './ops/shapes.js';
export { logSoftmax, softmax } from './ops/softmax.js';
export * from './ops/sort.js';
export { gather, indexSelect, maskedSelect, nonzero, oneHot } from './ops/take.js';
export { defaultRandom, manualSeed, RandomSource, type RandomSourceState } from './random.js';
export * from './ranges.js';
export { Scope, type Storage, scope } from './scope.js';
export {
  apply,
  Context,
  isGradEnabled,
  type Node,
  NoGradient,
  noGrad,
  type Operation,
  type OperationCall,
  type OperationWatcher,
  readsNone,
  readsOther,
  watchOperations,
} from './tape.js';
export { type Nested, Tensor } from './tensor.js';
