/** Where training leaves what it measures and saves: a run's folder, or something else that remembers. */
import type { CheckpointContents, SavedState } from '../runs/checkpoint-state.js';
import type { ModelProbe } from '../runs/probe-records.js';

/** `RunDirectory` is one on disk; `MemoryRun` of `nanogpt/browser` one without a file system. */
export interface TrainingRecord {
  /** Adds one event to metrics or probes. Returns how many bytes these have then. */
  append(log: 'metrics' | 'probes', event: object): number;
  appendSample(text: string): void;
  /** Makes sure that what was appended is kept, and says how long each growing file is: for a checkpoint. */
  syncLogs(): Record<string, number>;
  /** Returns the checkpoint's name. */
  saveCheckpoint(
    contents: CheckpointContents,
    options: { best: boolean; keepInterval?: number },
  ): string;
  /** The newest that is whole. */
  openCheckpoint(): { checkpoint?: SavedState };
  /** What earlier sittings measured of the model as a whole, and where the next reading would begin. */
  modelProbes(): { records: ModelProbe[]; next: number };
  /** Whether somebody else asked training to stop. */
  isStopRequested(): boolean;
}
