/** From figures to words: what is wrong with a run, by stated rules. */
import type { LanguageModel } from '../../models/index.js';
import { batchNormsOf } from '../../nn/index.js';
import type { Diagnosis, ModelProbe } from '../../runs/probe-records.js';
import type { TrainingSettings } from '../../runs/settings.js';
import { figure } from './figures.js';
import { RULES, type RunFacts } from './rules.js';

/** How many records the rules may look back. */
const MEMORY = 32;

/** Follows a run record by record. A rule speaks once it has held for as many records in a row as it asks for. */
export class Diagnostician {
  readonly #facts: RunFacts;
  readonly #past: ModelProbe[] = [];
  #first: ModelProbe | undefined;
  /** Since when, and for how many records, each symptom has been there, by rule and path. */
  readonly #streaks = new Map<string, { since: number; records: number }>();

  constructor(model: LanguageModel, training: TrainingSettings) {
    const matrices = [...model.namedParameters()].filter(([, { ndim }]) => ndim >= 2);
    this.#facts = {
      vocabSize: model.vocabSize,
      lr: training.lr,
      warmupSteps: training.warmupSteps,
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
    const present = new Set<string>();
    for (const { name, records, find } of RULES) {
      for (const symptom of find(evidence)) {
        const key = `${name} ${symptom.path}`;
        present.add(key);
        const streak = this.#streaks.get(key) ?? {
          since: symptom.since ?? record.step,
          records: 0,
        };
        streak.records++;
        this.#streaks.set(key, streak);
        if (streak.records < records) continue;
        const { path, value, text } = symptom;
        said.push({
          rule: name,
          path,
          value: figure(value),
          since: streak.since,
          text: `${text} since step ${streak.since}`,
        });
      }
    }
    for (const key of this.#streaks.keys()) if (!present.has(key)) this.#streaks.delete(key);
    this.#past.push(record);
    if (this.#past.length > MEMORY) this.#past.shift();
    return said;
  }
}
