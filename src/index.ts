/**
 * nanogpt: study language-model architectures by training them.
 *
 * Everything public, from the bottom of the house to the top.
 */
export { z } from 'zod';
export * from './backend/index.js';
export * from './data/index.js';
export {
  ALONE,
  type Distributed,
  findLauncher,
  type Joined,
  joinRanks,
  type Launched,
  type Ranks,
} from './distributed/index.js';
export * from './formats/index.js';
export * from './generate/index.js';
export * from './models/index.js';
export * from './nn/index.js';
export * from './observe/index.js';
export * from './optim/index.js';
export * from './pretrained/index.js';
export * from './runs/index.js';
export * from './tensor/index.js';
export * from './tokenizers/index.js';
export * from './train/index.js';
export { ShapeError, StoppedError, UsageError, UserError } from './util/errors.js';
export { peakMemoryBytes } from './util/peak-memory.js';
export { Generator } from './util/random.js';
