/** What probes measured in a run, turned from records by step into series by part: for charts. */
import fs from 'node:fs';
import path from 'node:path';
import {
  type Diagnosis,
  type ModelProbe,
  matchesTensor,
  readProbes,
  type TensorKind,
  type TensorStatistics,
  type TensorsProbe,
} from '../../runs/index.js';
import { thinned } from '../../runs/probe-log.js';

type Series = (number | null)[];

/** The figures that are few, by part; each series has a value for each step. */
export interface InsideReply {
  readonly steps: readonly number[];
  readonly loss: Series;
  readonly gradNorm: Series;
  /** Share of the steps since the record before that were clipped. */
  readonly clipped: Series;
  /** The norm to which gradients are clipped; 0 for none. */
  readonly clipNorm: number;
  readonly parameters: readonly {
    path: string;
    std: Series;
    updateToData: Series;
    gradientToData: Series;
  }[];
  readonly activations: readonly { path: string; mean: Series; std: Series; gradientStd: Series }[];
  readonly layers: readonly { path: string; gradNorm: Series }[];
  readonly units: readonly {
    path: string;
    activation: string;
    units: number;
    flat: Series;
    dead: Series;
    gradientDead: Series;
    since: Series;
    /** A bitmap for each step, as in the records. */
    silent: (string | null)[];
  }[];
  readonly predictions: {
    readonly entropy: Series;
    readonly confidence: Series;
    readonly accuracy: Series;
    readonly calibrationError: Series;
    /** Of the last step that has them. */
    readonly last: ModelProbe['predictions'];
  };
  /** Of the last step. */
  readonly attention: ModelProbe['attention'];
  readonly attentionEntropy: readonly { path: string; relative: Series[] }[];
  readonly batchNorms: readonly { path: string; mean: Series; logVariance: Series }[];
  /** Of the last step, the gravest first as the run wrote them. */
  readonly diagnosis: readonly Diagnosis[];
  /** Tensors with histograms, in the model's own order. */
  readonly tensors: readonly { readonly kind: TensorKind; readonly path: string }[];
}

/** One tensor over time. */
export interface TensorReply {
  readonly kind: TensorKind;
  readonly path: string;
  readonly steps: readonly number[];
  readonly statistics: readonly Omit<TensorStatistics, 'path' | 'kind'>[];
}

export interface TensorsReply {
  /** How many tensors the pattern names. */
  readonly matches: number;
  readonly tensors: readonly TensorReply[];
}

/** Tensors that are shown at once. */
const MOST_TENSORS = 8;
/** Measured steps of a run that are shown. Its own are some hundred; whatever else lies in a file, the page can draw. */
const MOST_RECORDS = 1000;
/** Runs whose records are kept in memory. */
const MOST_RUNS = 4;

interface Records {
  model: ModelProbe[];
  tensors: TensorsProbe[];
  next: { model: number; tensors: number };
  identity: string;
}

/** Probes of the runs that were asked for last: of each, only what is new is read. */
export class ProbeCache {
  readonly #runs = new Map<string, Records>();

  /** @param clipNorm as the run's settings have it; no record holds it. */
  inside(folder: string, clipNorm: number): InsideReply {
    const records = this.#records(folder);
    return insideOf(records.model, records.tensors, clipNorm);
  }

  /** Tensors by pattern, the first `most` of them in full. */
  tensors(folder: string, pattern: string, most = MOST_TENSORS): TensorsReply {
    const { tensors } = this.#records(folder);
    const all = (tensors.at(-1)?.tensors ?? []).filter(({ kind, path }) =>
      matchesTensor([pattern], kind, path),
    );
    const shown = all.slice(0, most).map(({ kind, path }) => timeline(tensors, kind, path));
    return { matches: all.length, tensors: shown };
  }

  #records(folder: string): Records {
    const file = path.join(folder, 'probes.jsonl');
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    const identity = stat ? `${stat.dev} ${stat.ino}` : '';
    let known = this.#runs.get(folder);
    if (known?.identity !== identity) {
      known = { model: [], tensors: [], next: { model: 0, tensors: 0 }, identity };
    }
    this.#runs.delete(folder);
    this.#runs.set(folder, known);
    if (this.#runs.size > MOST_RUNS) this.#runs.delete(this.#runs.keys().next().value!);
    const most = MOST_RECORDS;
    const model = readProbes(file, { type: 'model', from: known.next.model, most });
    known.model = joined(known.model, model.records, model.next < known.next.model);
    known.next.model = model.next;
    const tensors = readProbes(file, { type: 'tensors', from: known.next.tensors, most });
    known.tensors = joined(known.tensors, tensors.records, tensors.next < known.next.tensors);
    known.next.tensors = tensors.next;
    return known;
  }
}

function timeline(records: readonly TensorsProbe[], kind: TensorKind, path: string): TensorReply {
  const steps: number[] = [];
  const statistics: TensorReply['statistics'][number][] = [];
  for (const { step, tensors } of records) {
    const found = tensors.find((one) => one.kind === kind && one.path === path);
    if (!found) continue;
    const { path: _, kind: __, ...rest } = found;
    steps.push(step);
    statistics.push(rest);
  }
  return { kind, path, steps, statistics };
}

/** A run that went back to a checkpoint measures its later steps again. */
function joined<T extends { step: number }>(
  before: readonly T[],
  more: readonly T[],
  isNew: boolean,
): T[] {
  const result: T[] = isNew ? [] : [...before];
  for (const record of more) {
    while (result.length > 0 && result.at(-1)!.step >= record.step) result.pop();
    result.push(record);
  }
  return thinned(result, MOST_RECORDS);
}

/** One series for each part that any record has, in the order of their first appearance. */
function gather<Part extends { path: string }, Key extends string>(
  records: readonly ModelProbe[],
  partsOf: (record: ModelProbe) => readonly Part[],
  keys: readonly Key[],
  read: (part: Part, key: Key) => number | string | null | undefined = (part, key) =>
    (part as unknown as Record<string, number | null>)[key],
): (Part & Record<Key, never[]>)[] {
  const found = new Map<string, { first: Part; series: Record<string, unknown[]> }>();
  records.forEach((record, at) => {
    for (const part of partsOf(record)) {
      let entry = found.get(part.path);
      if (!entry) {
        const empty = () => Array<unknown>(records.length).fill(null);
        entry = { first: part, series: Object.fromEntries(keys.map((key) => [key, empty()])) };
        found.set(part.path, entry);
      }
      for (const key of keys) entry.series[key]![at] = read(part, key) ?? null;
    }
  });
  return [...found.values()].map(
    ({ first, series }) => ({ ...first, ...series }) as Part & Record<Key, never[]>,
  );
}

export function insideOf(
  records: readonly ModelProbe[],
  tensors: readonly TensorsProbe[],
  clipNorm: number,
): InsideReply {
  const last = records.at(-1);
  const predicted = (key: 'entropy' | 'confidence' | 'accuracy' | 'calibrationError') =>
    records.map(({ predictions }) => predictions?.[key] ?? null);
  const heads = gather(
    records,
    ({ attention }) => attention.map(({ path, heads }) => ({ path, heads: heads.length })),
    [],
  );
  return {
    steps: records.map(({ step }) => step),
    loss: records.map(({ loss }) => loss),
    gradNorm: records.map(({ gradNorm }) => gradNorm),
    clipped: records.map(({ clipping: { steps, clipped } }) =>
      steps > 0 ? clipped / steps : null,
    ),
    clipNorm,
    parameters: gather(records, ({ parameters }) => parameters, [
      'std',
      'updateToData',
      'gradientToData',
    ]),
    activations: gather(records, ({ activations }) => activations, ['mean', 'std', 'gradientStd']),
    layers: gather(records, ({ layers }) => layers, ['gradNorm']),
    units: gather(records, ({ units }) => units, [
      'flat',
      'dead',
      'gradientDead',
      'since',
      'silent',
    ]),
    predictions: {
      entropy: predicted('entropy'),
      confidence: predicted('confidence'),
      accuracy: predicted('accuracy'),
      calibrationError: predicted('calibrationError'),
      last: records.findLast(({ predictions }) => predictions !== null)?.predictions ?? null,
    },
    attention: records.findLast(({ attention }) => attention.length > 0)?.attention ?? [],
    attentionEntropy: heads.map(({ path, heads: count }) => ({
      path,
      relative: Array.from({ length: count }, (_, h) =>
        records.map(
          ({ attention }) => attention.find((one) => one.path === path)?.heads[h]?.relative ?? null,
        ),
      ),
    })),
    batchNorms: gather(records, ({ batchNorms }) => batchNorms, ['mean', 'logVariance']),
    diagnosis: last?.diagnosis ?? [],
    tensors: (tensors.at(-1)?.tensors ?? []).map(({ kind, path }) => ({ kind, path })),
  };
}
