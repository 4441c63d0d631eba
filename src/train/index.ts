/** Training: the loop, and putting a run together. */

export { Emitter } from '../util/emitter.js';
export { DivergenceError, type Finding } from './anomalies.js';
export { FoundElsewhere } from './divergence.js';
export type * from './events.js';
export { type Follower, followResume, followStart } from './follower.js';
export {
  type Initial,
  type InitialOptions,
  initialSettings,
  isRunFolder,
  openInitial,
} from './initial.js';
export { memoryNeed, requireMemory } from './memory-need.js';
export {
  createModel,
  loadRunData,
  modelDefinition,
  type OpenedRun,
  openRun,
} from './open-run.js';
export type { ResumeOptions, SessionOptions, StartOptions } from './prepare.js';
export type { TrainingRecord } from './record.js';
export { resumeRun, type Session, startRun } from './session.js';
export { flopsPerToken } from './step-flops.js';
export { optimizerOf, type StepHooks, scheduleOf } from './stepper.js';
export { Trainer } from './trainer.js';
export type { TrainerOptions, TrainingData } from './trainer-options.js';
