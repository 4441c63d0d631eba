/** Several processes that train one model, on one machine or many. */
export {
  allowedCores,
  DISTRIBUTED,
  type Distributed,
  type Joined,
  joinRanks,
} from './join.js';
export { findLauncher, type Launched } from './launcher.js';
export { availableMpi } from './mpi-library.js';
export { ALONE, type Combine, gather, most, plus, type Ranks } from './ranks.js';
