/** What a trainer is made of. */
import type { DatasetSplit } from '../data/dataset.js';
import type { SplitName } from '../data/split.js';
import type { Ranks } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import type { TrainingSettings } from '../runs/settings.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { TrainingRecord } from './record.js';
import type { StepHooks } from './stepper.js';

/** What a trainer needs of a `LoadedDataset`. */
export interface TrainingData {
  readonly splits: Readonly<Record<SplitName, DatasetSplit>>;
  readonly tokenizer: Tokenizer;
}

export interface TrainerOptions {
  /** Made by the caller, after `manualSeed(seed)`. */
  model: LanguageModel;
  training: TrainingSettings;
  /** Of the order of the data. */
  seed: number;
  data: TrainingData;
  /** Where checkpoints, metrics and samples go. Without one, nothing is written. */
  run?: TrainingRecord | undefined;
  /** Makes the model anew as it was before the first step: for finding where a NaN began. */
  rebuild?: (() => LanguageModel) | undefined;
  /** Called within each step: for probes. */
  hooks?: StepHooks | undefined;
  /**
   * The ranks that train together, each with a trainer of the same model, data and settings. Rank 0 has the run.
   * Default: this process alone.
   */
  ranks?: Ranks | undefined;
}
