/** What a rule of the diagnosis is given, and what it answers. */
import type { ModelProbe } from '../../runs/probe-records.js';
import type { TrainingSettings } from '../../runs/settings.js';

/** What is known of a run beside its records. */
export interface RunFacts {
  readonly vocabSize: number;
  /** Peak learning rate. */
  readonly lr: number;
  readonly warmupSteps: number;
  /** Its steps grow with the gradient (SGD), or hardly at all (the others divide by its size). */
  readonly optimizer: TrainingSettings['optimizer'];
  /** 0 for none. */
  readonly clipNorm: number;
  /** Paths of the parameters with two dimensions or more: gains and biases begin at a constant, and have no scale. */
  readonly matrices: ReadonlySet<string>;
  /** Of each BatchNorm, by path: the weight of a new batch in its population; 1 where it is a plain average. */
  readonly momentum: ReadonlyMap<string, number>;
}

/** What a rule is given. */
export interface Evidence {
  readonly record: ModelProbe;
  /** The run's first record. */
  readonly first: ModelProbe;
  /** The records before this one, the last at the end; only the most recent. */
  readonly past: readonly ModelProbe[];
  readonly facts: RunFacts;
}

export interface Symptom {
  readonly path: string;
  readonly value: number;
  /** A sentence that `since step …` may follow. */
  readonly text: string;
  /** It happened, and does not last: no `since step …` follows. Default: false. */
  readonly isPast?: boolean;
  /** Where it began earlier than in the record at hand. */
  readonly since?: number;
}

export interface Rule {
  readonly name: string;
  /** For how many records in a row it must hold before it is said. */
  readonly records: number;
  /** What it finds; null where it cannot tell now, and what it said last still stands. */
  readonly find: (evidence: Evidence) => Symptom[] | null;
}
