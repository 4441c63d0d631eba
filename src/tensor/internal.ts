/**
 * What the house's other folders use of tensors, and nobody outside: not part of the public index, since
 * it trusts its callers or speaks to them alone.
 */
export { watchLeaves } from './backward.js';
export { RowGradient, sumOfRows } from './gradient.js';
export { checkFloat, checkIndices, checkTensor, checkTensorMap } from './ops/check.js';
export { firstClass } from './ops/class-work.js';
export { mostLogits } from './ops/loss.js';
export { mapsOfCall } from './ops/plain-attention.js';
/** Does not look at shapes: sizes that reach beyond a tensor's memory end the process. */
export { product } from './ops/product.js';
export {
  countBetween,
  evenShare,
  gathered,
  type Stretch,
  sizeOf,
  statisticsOf,
  type ValueStatistics,
} from './ops/statistics.js';
export { checkSource } from './random.js';
export { stackedRows, stackMatrices } from './stacked.js';
export { expectListed, markListed, unlistedWithGradient } from './unlisted.js';
export { watchGradient } from './watch-gradient.js';
