/** What a page needs itself, in a few kilobytes: the rest is in the engine's worker. */
export { DEFAULT_DATASET, PUBLIC_DATASETS } from '../data/public-datasets.js';
export { EngineClient } from './engine-client.js';
export type * from './protocol.js';
