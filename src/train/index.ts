/** Training: settings, the loop, checkpoints, and the folder of a run. */
export {
  DivergenceError,
  type Finding,
  INITIAL_LOSS_MARGIN,
  initialLossWarning,
} from './anomalies.js';
export {
  BATCH_NORM_MODES,
  type BatchNormMode,
  type BatchNormScore,
  type BatchNormScoring,
  scoreBatchNorms,
} from './batch-norm-scores.js';
export {
  type Checkpoint,
  type CheckpointChoice,
  CheckpointStore,
  type TrainingState,
} from './checkpoint.js';
export {
  buildSettings,
  changeSettings,
  parseOverrides,
  type RunSettings,
  type SettingInfo,
  settingsOf,
  unknownName,
} from './config.js';
export {
  type EvaluationInput,
  type EvaluationResult,
  evaluate,
  meanLoss,
  wholePass,
} from './evaluate.js';
export type * from './events.js';
export { listRuns, type RunSummary } from './list-runs.js';
export { memoryNeed, requireMemory } from './memory-need.js';
export { drawnBatches, recomputePopulation } from './population.js';
export { restoreModel } from './restore.js';
export { type RunConfig, readRunConfig, type Versions, versions } from './run-config.js';
export { type CreateRunOptions, RunDirectory } from './run-directory.js';
export { readJsonLines } from './run-log.js';
export {
  type HostTensor,
  restoreSafetensors,
  SafetensorsFile,
  type TensorEntry,
  type WrittenFile,
  writeSafetensors,
} from './safetensors.js';
export {
  createModel,
  loadRunData,
  modelDefinition,
  type OpenedRun,
  openRun,
  type ResumeOptions,
  resumeRun,
  type Session,
  type SessionOptions,
  type StartOptions,
  startRun,
} from './session.js';
export {
  resolveTraining,
  type TrainingInput,
  type TrainingSettings,
  trainingSchema,
} from './settings.js';
export { optimizerOf, type StepHooks, scheduleOf } from './stepper.js';
export { Trainer, type TrainerOptions } from './trainer.js';
