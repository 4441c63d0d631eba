/** What a trainer tells those who listen. It prints nothing itself. */
import type { EvaluationResult } from '../observe/evaluate.js';
import type { Probe } from '../observe/probes/prober.js';

/** Why training ended. */
export type StopReason = 'steps' | 'patience' | 'time' | 'stopped' | 'fitted';

export interface StartEvent {
  /** Where it starts: above 0 when it goes on from a checkpoint. */
  step: number;
  steps: number;
  parameters: { total: number; trainable: number };
  tokensPerStep: number;
}

/** One optimizer step. */
export interface StepEvent {
  /** Steps done, this one included. */
  step: number;
  /** Nats. */
  loss: number;
  lr: number;
  /** Before clipping; undefined when it was not measured in this step. */
  gradNorm: number | undefined;
}

/** Progress, a few times a second at most: for a line on the terminal. */
export interface ProgressEvent {
  step: number;
  steps: number;
  /** Mean training loss since the last progress. */
  loss: number;
  lr: number;
  /** The last evaluation's, if there was one. */
  validationLoss: number | undefined;
  /** The same of the average of the weights, where one is kept. */
  emaLoss?: number | undefined;
  /** Of training alone, evaluations and checkpoints left out, in this sitting. */
  tokensPerSecond: number;
  /** Since the run began, over all sittings. */
  seconds: number;
  /** At the present pace, to the last step. */
  secondsLeft: number;
}

/** A line of `metrics.jsonl`: the mean loss since the line before. */
export interface MetricsEvent {
  type: 'step';
  step: number;
  split: 'train';
  loss: number;
  lr: number;
  gradNorm: number | undefined;
  tokens: number;
  tokensPerSecond: number;
  seconds: number;
  /** On several ranks: what each would make of its own share, had it not to wait for the others. */
  rankTokensPerSecond?: number[];
}

/** An evaluation on the validation split; a line of `metrics.jsonl` too. */
export interface EvaluationEvent {
  type: 'evaluation';
  step: number;
  split: 'validation';
  loss: number;
  /** Of the average of the weights, where one is kept. `best` goes by `loss` all the same. */
  emaLoss?: number;
  /** Mean training loss since the evaluation before. */
  trainLoss: number | null;
  /** Whether it is the best so far. */
  best: boolean;
  seconds: number;
}

export interface CheckpointEvent {
  step: number;
  /** `step-000500`. */
  name: string;
  best: boolean;
}

export interface SampleEvent {
  step: number;
  tokens: number[];
  text: string;
}

/** The end of a sitting; a line of `metrics.jsonl` too. */
export interface StopEvent {
  type: 'stop';
  reason: StopReason;
  step: number;
  seconds: number;
}

export interface TrainerEvents {
  start: [StartEvent];
  step: [StepEvent];
  progress: [ProgressEvent];
  metrics: [MetricsEvent];
  evaluation: [EvaluationEvent];
  checkpoint: [CheckpointEvent];
  sample: [SampleEvent];
  /** A step was measured; what it gives is in `probes.jsonl` already. */
  probe: [Probe];
  /** Something the user should know, in a line; training goes on. */
  warning: [string];
  stop: [StopEvent];
}

/** What `train()` resolves to. */
export interface TrainResult {
  reason: StopReason;
  /** Steps done in all, and in this sitting. */
  step: number;
  stepsTaken: number;
  /** Of this sitting, evaluations and checkpoints included. */
  seconds: number;
  tokensPerSecond: number;
  /** Mean training loss since the last evaluation, or over the whole split for a counted model. */
  train: { loss: number | null };
  /** Over the whole validation split; null where there is none, or when it was stopped before. */
  validation: EvaluationResult | null;
  /** The same of the average of the weights; null where none is kept. */
  ema: EvaluationResult | null;
  best: { step: number; loss: number } | null;
}
