/** A run on disk: its settings, its folder, its log, its checkpoints. */
export {
  type Checkpoint,
  type CheckpointChoice,
  CheckpointStore,
  type TrainingState,
} from './checkpoint.js';
export type { CheckpointContents, CheckpointPart, SavedState } from './checkpoint-state.js';
export {
  buildSettings,
  changeSettings,
  parseOverrides,
  type RunSettings,
  type SettingInfo,
  settingsOf,
  unknownName,
} from './config.js';
export { type ExportedSeries, exportCsv, exportTensorBoard } from './export-series.js';
export { describeIssue, describeIssues } from './issues.js';
export { listRuns, type RunSummary, summarizeRun } from './list-runs.js';
export { type ReadProbes, type ReadProbesOptions, readProbes } from './probe-log.js';
export { isPattern, matchesTensor } from './probe-pattern.js';
export {
  DEAD_WINDOW,
  type Diagnosis,
  type ModelProbe,
  type ProbeRecord,
  packBits,
  type TensorStatistics,
  type TensorsProbe,
  unpackBits,
} from './probe-records.js';
export {
  type ImportedFile,
  type RunConfig,
  readRunConfig,
  type Versions,
  versions,
} from './run-config.js';
export { type CreateRunOptions, RunDirectory } from './run-directory.js';
export { lockHolder } from './run-lock.js';
export { readJsonLines } from './run-log.js';
export { type RunRow, type RunState, rowOf, runsIn } from './run-row.js';
export {
  resolveTraining,
  type TrainingInput,
  type TrainingSettings,
  trainingSchema,
} from './settings.js';
export { requestStop } from './stop-request.js';
export { TENSOR_KINDS, type TensorKind } from './tensor-kinds.js';
