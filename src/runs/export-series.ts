/** What a run has measured, written for TensorBoard and for notebooks. */
import fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type EventHistogram,
  type EventValue,
  eventFile,
  type StepEvents,
} from '../formats/tfevents.js';
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { makeFolder } from '../util/folders.js';
import { createWholeFolder } from '../util/whole-folder.js';
import { readProbes } from './probe-log.js';
import type { ModelProbe, TensorStatistics, TensorsProbe } from './probe-records.js';
import type { RunDirectory } from './run-directory.js';
import { intervalsOf, metricPoints, type Point, probePoints } from './run-series.js';

/** What was written. */
export interface ExportedSeries {
  readonly folder: string;
  /** Names of the files in it. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Records of probes that went in. */
  readonly probes: number;
}

/**
 * Writes `folder/<run>/events.out.tfevents.…`: metrics and probes as scalars, tensors as histograms, settings and
 * diagnosis as texts. Several runs may go into one folder, to be compared.
 *
 * @throws UserError when the run is in the folder already, or it cannot be written.
 */
export function exportTensorBoard(run: RunDirectory, folder: string): ExportedSeries {
  const series = readSeries(run);
  const start = Date.parse(run.config.created) / 1000 || 0;
  const name = `events.out.tfevents.${Math.floor(start)}.nanogpt`;
  return intoFolder(run, folder, series, {
    [name]: () => eventFile(start, stepsOf(run, series, start)),
  });
}

/**
 * Writes `folder/<run>/` with metrics.csv and probes.csv (step, name, path, value), tensors.csv (statistics, a row
 * for each tensor and step) and histograms.csv (a row for each bin that is not empty).
 *
 * @throws as `exportTensorBoard`.
 */
export function exportCsv(run: RunDirectory, folder: string): ExportedSeries {
  const series = readSeries(run);
  return intoFolder(run, folder, series, {
    'metrics.csv': () => pointRows(series.metrics),
    'probes.csv': () => pointRows(series.models.flatMap(probePoints)),
    'tensors.csv': () => tensorRows(series.tensors),
    'histograms.csv': () => histogramRows(series.tensors),
  });
}

interface Series {
  readonly metrics: Point[];
  readonly models: ModelProbe[];
  readonly tensors: TensorsProbe[];
  /** Seconds into the run at a step, by the metrics. */
  readonly seconds: Map<number, number>;
}

function readSeries(run: RunDirectory): Series {
  const lines = run.read('metrics');
  const seconds = new Map<number, number>();
  for (const line of lines) {
    const { step, seconds: at } = line as Record<string, unknown>;
    if (typeof step === 'number' && typeof at === 'number') seconds.set(step, at);
  }
  const file = run.logPath('probes');
  return {
    metrics: lines.flatMap(metricPoints),
    models: readProbes(file, { type: 'model' }).records,
    tensors: readProbes(file, { type: 'tensors' }).records,
    seconds,
  };
}

function intoFolder(
  run: RunDirectory,
  folder: string,
  { models }: Series,
  files: Readonly<Record<string, () => Iterable<string | Uint8Array>>>,
): ExportedSeries {
  const target = join(resolve(folder), basename(run.path));
  try {
    makeFolder(dirname(target));
  } catch (error) {
    throw fileError('cannot write', dirname(target), error);
  }
  const made = createWholeFolder(target, (aside) => {
    for (const [name, pieces] of Object.entries(files)) {
      writeFileAtomic(join(aside, name), pieces());
    }
  });
  if (!made)
    throw new UserError(`${target}: is there already. Choose another folder, or remove it.`);
  const names = Object.keys(files);
  const bytes = names.reduce((sum, name) => sum + fs.statSync(join(target, name)).size, 0);
  return { folder: target, files: names, bytes, probes: models.length };
}

// ── TensorBoard ─────────────────────────────────────────────────────────────────────────────────

function* stepsOf(run: RunDirectory, series: Series, start: number): Iterable<StepEvents> {
  const values = new Map<number, EventValue[]>();
  const add = (step: number, value: EventValue) => {
    const there = values.get(step);
    if (there) there.push(value);
    else values.set(step, [value]);
  };
  const settings = JSON.stringify(run.config, null, 2).replaceAll('`', "'");
  add(0, { tag: 'settings', text: `\`\`\`json\n${settings}\n\`\`\`` });
  const scalar = ({ step, name, path, value }: Point) =>
    add(step, { tag: path === '' ? name : `${name}/${path}`, scalar: value });
  for (const point of series.metrics) scalar(point);
  let said = '';
  for (const model of series.models) {
    for (const point of probePoints(model)) scalar({ ...point, name: `probe-${point.name}` });
    const text = model.diagnosis.map((each) => `- ${each.text}`).join('\n');
    if (text !== said) add(model.step, { tag: 'diagnosis', text: text || 'nothing conspicuous' });
    said = text;
  }
  for (const { step, tensors } of series.tensors) {
    for (const tensor of tensors) {
      const histogram = histogramOf(tensor);
      if (histogram) add(step, { tag: `${tensor.kind}/${tensor.path}`, histogram });
    }
  }
  let wallTime = start;
  for (const step of [...values.keys()].sort((a, b) => a - b)) {
    const at = series.seconds.get(step);
    if (at !== undefined) wallTime = Math.max(wallTime, start + at);
    yield { step, wallTime, values: values.get(step)! };
  }
}

/** Undefined where there is nothing finite. */
function histogramOf(tensor: TensorStatistics): EventHistogram | undefined {
  const intervals = intervalsOf(tensor);
  const { mean, std, min, max } = tensor;
  if (intervals.length === 0 || mean === null || std === null || min === null || max === null) {
    return undefined;
  }
  // Limits are the buckets' upper ends: what lies between two of ours, and below the first, is an empty one.
  const bucketLimit: number[] = [];
  const bucket: number[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const { low, high, count } of intervals) {
    if (low > before) {
      bucketLimit.push(low);
      bucket.push(0);
    }
    if (high === before || high === low) bucket[bucket.length - 1] += count;
    else {
      bucketLimit.push(high);
      bucket.push(count);
    }
    before = high;
  }
  const num = bucket.reduce((a, b) => a + b, 0);
  const sumSquares = num * (std * std + mean * mean);
  return { min, max, num, sum: num * mean, sumSquares, bucketLimit, bucket };
}

// ── CSV ─────────────────────────────────────────────────────────────────────────────────────────

function row(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\n`;
}

/** Quoted where it must be (RFC 4180); nothing for null. */
function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* pointRows(points: readonly Point[]): Iterable<string> {
  yield row(['step', 'name', 'path', 'value']);
  for (const { step, name, path, value } of points) yield row([step, name, path, value]);
}

function* tensorRows(records: readonly TensorsProbe[]): Iterable<string> {
  const columns = [
    'count',
    'seen',
    'mean',
    'std',
    'min',
    'max',
    'norm',
    'zeros',
    'nan',
    'inf',
  ] as const;
  yield row(['step', 'kind', 'path', ...columns]);
  for (const { step, tensors } of records) {
    for (const tensor of tensors) {
      const figures = columns.map((key) => tensor[key] ?? (key === 'seen' ? tensor.count : null));
      yield row([step, tensor.kind, tensor.path, ...figures]);
    }
  }
}

/** Nine digits tell all floats apart. */
const edge = (value: number) => Number(value.toPrecision(9));

function* histogramRows(records: readonly TensorsProbe[]): Iterable<string> {
  yield row(['step', 'kind', 'path', 'low', 'high', 'count']);
  for (const { step, tensors } of records) {
    for (const tensor of tensors) {
      for (const { low, high, count } of intervalsOf(tensor)) {
        if (count > 0) yield row([step, tensor.kind, tensor.path, edge(low), edge(high), count]);
      }
    }
  }
}
