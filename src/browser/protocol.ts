/** What a page and the engine in its worker say to each other. All of it can be copied from one to the other. */
import type { TextPiece } from '../generate/text.js';
import type { RunConfig } from '../runs/run-config-schema.js';
import type { EvaluationEvent, MetricsEvent, ProgressEvent } from '../train/events.js';
import type { GivenText } from './session.js';

export interface EngineSettings {
  /** The address of the folder with the WebAssembly kernels, which ends in a slash. */
  kernels: string;
  threads?: number | undefined;
}

/** What computes, and with how many threads. */
export interface EngineReport {
  backend: string;
  threads: number;
  /** Whether the page may share memory between threads. */
  isolated: boolean;
}

export interface PresetInfo {
  name: string;
  summary: string;
  tokenizer: string;
  data: string;
  /** Why it cannot be trained here as it is, in words; null where it can. */
  lacks: string | null;
  steps: number;
  batchSize: number;
  lr: number;
}

export interface ModelInfo {
  name: string;
  summary: string;
  defaultPreset: string;
  presets: PresetInfo[];
  /** Every key that may be set, and what it means. */
  settings: { key: string; of: 'run' | 'model' | 'training'; description: string }[];
}

/** What a new run is to be. */
export interface StartOrder {
  model: string;
  preset: string;
  /** `key=value`, as `--set` takes them. */
  set: string[];
  given: GivenText;
}

export interface SampleOrder {
  prompt: string;
  maxTokens: number;
  temperature: number;
  topK: number;
  seed: number;
}

/** What the page shows of a run. */
export interface RunReport {
  config: RunConfig;
  /** Steps done. */
  step: number;
  /** Whether a text is at hand with which it can go on. */
  hasText: boolean;
  /** What was written down on the way. */
  metrics: (MetricsEvent | EvaluationEvent)[];
  validation: number | null;
}

/** How a training ended. */
export interface EndReport {
  reason: string;
  step: number;
  seconds: number;
  trainLoss: number | null;
  validation: number | null;
}

/** Each question and what is answered. */
export interface EngineCalls {
  init(settings: EngineSettings): EngineReport;
  models(): ModelInfo[];
  /** Begins a training; events tell how it goes. */
  start(order: StartOrder): RunReport;
  /** Goes on with the run that is open, with more steps where they are said. */
  resume(order: { text?: string | undefined; steps?: number | undefined }): RunReport;
  /** Answers once the training has ended. */
  stop(): null;
  /** Writes a text, event by event; answers with all of it. */
  sample(order: SampleOrder): string;
  /** The files of the run as they are now; while it trains, as of its last checkpoint. */
  save(): Map<string, Uint8Array>;
  /** Opens the files of a run. */
  open(files: Map<string, Uint8Array>): RunReport;
}

/** What is told without being asked. */
export interface EngineEvents {
  progress: [ProgressEvent];
  metrics: [MetricsEvent];
  evaluation: [EvaluationEvent];
  warning: [string];
  /** A text that the trainer wrote on the way. */
  trainerSample: [{ step: number; text: string }];
  /** A piece of the text that was asked for. */
  piece: [Pick<TextPiece, 'text'>];
  end: [EndReport];
  /** Training ended with an error. */
  failed: [string];
}

export type Question = {
  [K in keyof EngineCalls]: { id: number; call: K; given: Parameters<EngineCalls[K]>[0] };
}[keyof EngineCalls];

export type EngineMessage =
  | { id: number; answer: unknown }
  | { id: number; problem: string; isFault: boolean }
  | { event: keyof EngineEvents; given: unknown[] };
