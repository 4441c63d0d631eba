/**
 * How a model is trained, as far as a preset says. `train/config.ts` has the defaults of what is left
 * out, with their reasons, and checks the whole.
 */
export interface TrainingPreset {
  /** Optimizer steps. */
  steps: number;
  /** B: windows in a micro-batch. */
  batchSize: number;
  /** Micro-batches whose gradients are averaged before a step. */
  gradAccumulation?: number;
  optimizer?: 'sgd' | 'adamw' | 'muon';
  lr: number;
  /** `muon`: the rate of what AdamW takes, and the size of Muon's own updates. */
  adamwLr?: number;
  muonScale?: 'original' | 'matchRmsAdamw';
  /** Parts with a rate of their own, each as `path=factor` of `lr`. */
  lrScale?: string[];
  /** How the rate moves: held, divided at given steps, along a cosine down to `minLr`, or held and then down to it. */
  schedule?: 'constant' | 'step' | 'cosine' | 'wsd';
  /** `step`: the rate is multiplied by `stepFactor` after each of these. */
  stepAt?: number[];
  stepFactor?: number;
  /** Linear warm-up from `warmupFrom` over so many steps, before the schedule. */
  warmupSteps?: number;
  warmupFrom?: number;
  /** `cosine` and `wsd`: where it ends. */
  minLr?: number;
  /** `wsd`: over which share of the steps it falls. */
  decayShare?: number;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  beta1?: number;
  beta2?: number;
  eps?: number;
  /** Greatest global norm of the gradient; 0 leaves it alone. */
  clipNorm?: number;
  labelSmoothing?: number;
  /** Decay of the average of the weights that is evaluated beside them; 0: none. */
  emaDecay?: number;
  /** Steps between evaluations, and batches in each. */
  evalInterval?: number;
  evalBatches?: number;
  /** Steps between checkpoints. */
  checkpointInterval?: number;
  /** Evaluations without a better validation loss after which the run ends; 0: never. */
  patience?: number;
  /** Seconds after which the run ends; 0: never. */
  maxSeconds?: number;
}
