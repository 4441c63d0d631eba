/** From figures to words: what is wrong with a run, by stated rules. */
import type { LanguageModel } from '../../models/index.js';
import { batchNormsOf } from '../../nn/index.js';
import type { Diagnosis, ModelProbe } from '../../runs/probe-records.js';
import type { TrainingSettings } from '../../runs/settings.js';
import { figure } from './figures.js';
import type { Rule, RunFacts, Symptom } from './rule.js';
import { RULES } from './rules.js';

/** How many records the rules may look back. */
const MEMORY = 32;

/** Follows a run record by record. A rule speaks once it has held for as many records in a row as it asks for. */
export class Diagnostician {
  readonly #facts: RunFacts;
  readonly #past: ModelProbe[] = [];
  #first: ModelProbe | undefined;
  /** Since when, and for how many records, each symptom has been there, by rule and path. */
  readonly #streaks = new Map<string, Map<string, Streak>>();
  /** What each rule said last. */
  readonly #standing = new Map<string, Diagnosis[]>();

  constructor(model: LanguageModel, training: TrainingSettings) {
    const matrices = [...model.namedParameters()].filter(([, { ndim }]) => ndim >= 2);
    this.#facts = {
      vocabSize: model.vocabSize,
      lr: training.lr,
      warmupSteps: training.warmupSteps,
      optimizer: training.optimizer,
      clipNorm: training.clipNorm,
      matrices: new Set(matrices.map(([path]) => path)),
      momentum: new Map(
        [...batchNormsOf(model)].map(([path, norm]) => [
          path,
          norm.statistics === 'ema' ? norm.momentum : 1,
        ]),
      ),
    };
  }

  /** Takes in a record, its own diagnosis unread; returns what is to be said by now. */
  add(record: ModelProbe): Diagnosis[] {
    this.#first ??= record;
    const evidence = { record, first: this.#first, past: this.#past, facts: this.#facts };
    const said: Diagnosis[] = [];
    for (const rule of RULES) {
      const symptoms = rule.find(evidence);
      if (symptoms) this.#standing.set(rule.name, this.#confirmed(rule, symptoms, record.step));
      said.push(...(this.#standing.get(rule.name) ?? []));
    }
    this.#past.push(record);
    if (this.#past.length > MEMORY) this.#past.shift();
    return said;
  }

  /** Those symptoms that have been there for long enough. */
  #confirmed({ name, records }: Rule, symptoms: readonly Symptom[], step: number): Diagnosis[] {
    const before = this.#streaks.get(name);
    const now = new Map<string, Streak>();
    this.#streaks.set(name, now);
    return symptoms.flatMap(({ path, value, text, since = step, isPast = false }) => {
      const streak = before?.get(path) ?? { since, records: 0 };
      streak.records++;
      now.set(path, streak);
      if (streak.records < records) return [];
      const sentence = isPast ? text : `${text} since step ${streak.since}`;
      return [{ rule: name, path, value: figure(value), since: streak.since, text: sentence }];
    });
  }
}

interface Streak {
  readonly since: number;
  records: number;
}
