/** The runs of a folder, watched: by looking at the sizes and times of their files, since a run may be trained by any process. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {
  CheckpointStore,
  lockHolder,
  type RunConfig,
  readRunConfig,
  rowOf,
  summarizeRun,
} from '../runs/index.js';
import { UserError } from '../util/errors.js';
import { foreignPart, runFolder, runNames } from './contained.js';
import type { LabRow, RunsChange } from './protocol.js';
import { RunSeries } from './run-series.js';
import { thin } from './thin.js';

/** How often the files are looked at. */
const INTERVAL_MS = 500;
/** The least share of time that is left to other work, with many runs. */
const REST = 10;
/** Runs whose numbers are kept in memory: about 3 MB for 50,000 lines. */
const MOST_SERIES = 128;
const SPARK_POINTS = 48;

interface Known {
  readonly fingerprint: string;
  readonly row: LabRow;
}

export type ChangeListener = (change: RunsChange) => void;

export class RunStore {
  readonly #known = new Map<string, Known>();
  readonly #configs = new Map<string, { stamp: string; config: RunConfig }>();
  /** The least recently used first. */
  readonly #series = new Map<string, RunSeries>();
  readonly #sparks = new Map<string, readonly number[]>();
  readonly #listeners = new Set<ChangeListener>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(readonly folder: string) {}

  /** Tells of every change from now on, until the function that it returns is called. */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    this.#schedule(0);
    return () => this.#listeners.delete(listener);
  }

  /** All runs, newest first, as they are now. */
  rows(): LabRow[] {
    this.#look();
    return [...this.#known.values()]
      .map(({ row }) => row)
      .sort(
        (a, b) => (b.created ?? '').localeCompare(a.created ?? '') || (a.name < b.name ? -1 : 1),
      );
  }

  row(name: string): LabRow {
    runFolder(this.folder, name);
    this.#look();
    return this.#known.get(name)!.row;
  }

  /** As `row`, with what takes reading its numbers. @throws NoRunError */
  async fullRow(name: string): Promise<LabRow> {
    this.row(name);
    const { steps } = await this.series(name);
    const { mean } = thin(steps.get('step'), steps.get('loss'), { points: SPARK_POINTS });
    this.#sparks.set(name, mean);
    const { fingerprint } = this.#known.get(name)!;
    return this.#remember(name, fingerprint);
  }

  /** @throws NoRunError; UserError where it is damaged. */
  config(name: string): RunConfig {
    const folder = runFolder(this.folder, name);
    const stamp = stampOf(path.join(folder, 'config.json'));
    const known = this.#configs.get(name);
    if (known?.stamp === stamp) return known.config;
    const config = readRunConfig(folder);
    this.#configs.set(name, { stamp, config });
    return config;
  }

  /** A run's numbers, up to now. */
  async series(name: string): Promise<RunSeries> {
    const folder = runFolder(this.folder, name);
    const series = this.#series.get(name) ?? new RunSeries(folder);
    this.#series.delete(name);
    this.#series.set(name, series);
    if (this.#series.size > MOST_SERIES) this.#series.delete(this.#series.keys().next().value!);
    await series.update();
    return series;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(async () => {
      const began = performance.now();
      try {
        this.#look();
        await this.#readSparks();
      } finally {
        this.#timer = undefined;
        const took = performance.now() - began;
        if (this.#listeners.size > 0) this.#schedule(Math.max(INTERVAL_MS, took * REST));
      }
    }, delay);
    this.#timer.unref();
  }

  /** Looks at every run, and tells what has changed. */
  #look(): void {
    const names = new Set(runNames(this.folder));
    const rows: LabRow[] = [];
    for (const name of names) {
      const folder = path.join(this.folder, name);
      const fingerprint = fingerprintOf(folder);
      if (this.#known.get(name)?.fingerprint === fingerprint) continue;
      rows.push(this.#remember(name, fingerprint));
    }
    const gone = [...this.#known.keys()].filter((name) => !names.has(name));
    for (const name of gone) {
      for (const map of [this.#known, this.#configs, this.#series, this.#sparks]) map.delete(name);
    }
    this.#tell({ rows, gone });
  }

  #tell(change: RunsChange): void {
    if (change.rows.length === 0 && change.gone.length === 0) return;
    for (const listener of this.#listeners) listener(change);
  }

  #remember(name: string, fingerprint: string): LabRow {
    const row = this.#rowOf(name, fingerprint);
    this.#known.set(name, { fingerprint, row });
    return row;
  }

  /** Reads the curves that nobody has asked for yet, a run at a time, for the table's little pictures. */
  async #readSparks(): Promise<void> {
    for (const [name, { row, fingerprint }] of [...this.#known]) {
      if (row.problem !== undefined || (row.spark && row.state !== 'running')) continue;
      if (this.#closed) return;
      try {
        const { steps } = await this.series(name);
        const { mean } = thin(steps.get('step'), steps.get('loss'), { points: SPARK_POINTS });
        const before = this.#sparks.get(name);
        if (before?.length === mean.length && before.at(-1) === mean.at(-1)) continue;
        this.#sparks.set(name, mean);
        if (this.#known.get(name)?.fingerprint !== fingerprint) continue; // the next look tells
        this.#tell({ rows: [this.#remember(name, fingerprint)], gone: [] });
      } catch (error) {
        if (!(error instanceof UserError)) throw error; // gone meanwhile
      }
    }
  }

  #rowOf(name: string, version: string): LabRow {
    const folder = path.join(this.folder, name);
    const part = foreignPart(folder);
    if (part !== undefined) {
      const problem = `not opened: ${JSON.stringify(part)} leads out of the run's folder.`;
      return { name, state: 'damaged', problem, version };
    }
    const { path: _, trainLoss, running: __, ...row } = rowOf(summarizeRun({ name, path: folder }));
    if (row.problem !== undefined)
      return { ...row, problem: row.problem.replaceAll(`${folder}/`, ''), version };
    const config = this.config(name);
    const series = this.#series.get(name);
    const spark = this.#sparks.get(name);
    const store = new CheckpointStore(path.join(folder, 'checkpoints'));
    const stepOf = (which: 'best' | 'latest') =>
      Number(/\d+$/.exec(store.pointer(which) ?? '')?.[0]);
    const bestLoss = row.best?.loss ?? row.validationLoss;
    const last = series && lastOf(series);
    return {
      ...row,
      ...pick(config),
      ...last,
      ...(last === undefined && trainLoss !== undefined && { loss: trainLoss }),
      ...(bestLoss !== undefined && { bitsPerByte: bitsPerByte(config, bestLoss) }),
      ...(spark && { spark }),
      checkpoints: store.list().map(({ step }) => step),
      ...(Number.isFinite(stepOf('best')) && { bestCheckpoint: stepOf('best') }),
      ...(Number.isFinite(stepOf('latest')) && { latestCheckpoint: stepOf('latest') }),
      hasProbes: fs.existsSync(path.join(folder, 'probes.jsonl')),
      version,
    };
  }
}

function pick(config: RunConfig): Partial<LabRow> {
  const { data, tokenizer, vocabSize, modelConfig, training, seed, split } = config;
  const settings = { model: config.model, preset: config.preset, data, tokenizer, seed, split };
  return { data, tokenizer, vocabSize, settings: { ...settings, ...modelConfig, ...training } };
}

function lastOf({ steps }: RunSeries): Partial<LabRow> {
  const at = steps.length - 1;
  if (at < 0) return {};
  const value = (name: 'step' | 'loss' | 'seconds' | 'tokens') => {
    const number = steps.get(name)[at]!;
    return Number.isFinite(number) ? { [name]: number } : {};
  };
  return { ...value('step'), ...value('loss'), ...value('seconds'), ...value('tokens') };
}

/** Nats per token, as bits per byte of the validation text. */
function bitsPerByte({ dataset }: RunConfig, loss: number): number | undefined {
  const { tokens, bytes } = dataset.splits.validation;
  return bytes > 0 ? (loss * tokens) / bytes / Math.LN2 : undefined;
}

function stampOf(file: string): string {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.ino}-${stat.size}-${stat.mtimeMs}` : '';
}

function fingerprintOf(folder: string): string {
  const files = ['config.json', 'metrics.jsonl', 'probes.jsonl', 'train.lock', 'checkpoints'];
  const pointers = ['checkpoints/latest', 'checkpoints/best'];
  const all = [...files, ...pointers].map((name) => stampOf(path.join(folder, name)));
  // A process that was killed leaves its lock as it was.
  const holder = lockHolder(folder) ?? '';
  return createHash('sha1')
    .update(`${all.join(' ')} ${holder}`)
    .digest('base64url')
    .slice(0, 12);
}
