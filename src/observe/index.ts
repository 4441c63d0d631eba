/** What is measured of a model: its loss on a text, and statistics of its inside. */
export { type BatchDrift, batchDrift, type Populations, populationsOf } from './batch-drift.js';
export {
  BATCH_NORM_MODES,
  type BatchNormMode,
  type BatchNormScore,
  type BatchNormScoring,
  scoreBatchNorms,
} from './batch-norm-scores.js';
export {
  type EvaluationInput,
  type EvaluationResult,
  evaluate,
  meanLoss,
  wholePass,
} from './evaluate.js';
export { INITIAL_LOSS_MARGIN, initialLossWarning } from './initial-loss.js';
export {
  type ActivationReport,
  type InitialisationReport,
  probeInitialisation,
  type WeightReport,
} from './initialisation.js';
export { drawnBatches, recomputePopulation } from './population.js';
export { type Probe, Prober, type ProberOptions, type TakenStep } from './probes/prober.js';
export { isProbed } from './probes/schedule.js';
