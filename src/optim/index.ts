export { AdamW, type AdamWOptions } from './adamw.js';
export { WeightAverage } from './average.js';
export { clipGradNorm, clipScale, gradNorm } from './clip.js';
export type { Group, ParameterGroup, Parameters, RateOptions } from './groups.js';
export { MUON_SCALES, Muon, type MuonOptions, type MuonScale } from './muon.js';
export { Optimizer } from './optimizer.js';
export {
  type CosineOptions,
  constant,
  cosine,
  type LinearWarmupOptions,
  linearWarmup,
  type Schedule,
  type StableDecayOptions,
  type StepDecayOptions,
  sequence,
  stableDecay,
  stepDecay,
} from './schedule.js';
export { SGD, type SGDOptions } from './sgd.js';
export type { OptimizerSettings, OptimizerState } from './state.js';
