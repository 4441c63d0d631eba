/** Statistics of the inside of a model. */
export { type BatchDrift, batchDrift, type Populations, populationsOf } from './batch-drift.js';
export {
  type ActivationReport,
  type InitialisationReport,
  probeInitialisation,
  type WeightReport,
} from './initialisation.js';
