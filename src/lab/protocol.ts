/** What the Lab's server and its page say to each other: plain JSON. */
import type { RunState } from '../runs/index.js';
import type { InsideReply, TensorReply } from './explorer/inside.js';
import type { YardstickReply } from './explorer/messages.js';
import type { Thinned } from './thin.js';

/** A run in the table. */
export interface LabRow {
  readonly name: string;
  readonly state: RunState;
  /** What is wrong with its folder; the rest is missing then. */
  readonly problem?: string;
  readonly created?: string;
  readonly model?: string;
  readonly preset?: string;
  readonly data?: string;
  readonly tokenizer?: string;
  readonly vocabSize?: number;
  readonly parameters?: number;
  /** The last that is known: of the metrics, or of the latest checkpoint. */
  readonly step?: number;
  readonly steps?: number;
  readonly seconds?: number;
  readonly tokens?: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  readonly best?: { readonly step: number; readonly loss: number };
  /** Of the best validation loss, per byte of the raw text. */
  readonly bitsPerByte?: number;
  readonly tokensPerSecond?: number | null;
  /** Of each rank's own work, where several trained it. */
  readonly rankTokensPerSecond?: readonly number[];
  /** A few dozen values of the training loss; absent until it was read. */
  readonly spark?: readonly number[];
  readonly checkpoints?: readonly number[];
  /** Which checkpoint has the lowest validation loss, and which is the newest. */
  readonly bestCheckpoint?: number;
  readonly latestCheckpoint?: number;
  readonly hasProbes?: boolean;
  /** Every setting by its key: those that differ between runs are shown. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Changes when there is more to draw. */
  readonly version: string;
}

export interface RunsReply {
  readonly folder: string;
  readonly rows: readonly LabRow[];
}

/** An event of the stream: rows that changed, runs that are gone. */
export interface RunsChange {
  readonly rows: readonly LabRow[];
  readonly gone: readonly string[];
}

/** What a curve is drawn over. */
export type Axis = 'step' | 'tokens' | 'seconds' | 'flops';
/** What is drawn. */
export type Metric = 'loss' | 'lr' | 'gradNorm' | 'tokensPerSecond';

export interface RunCurves {
  readonly name: string;
  readonly curves: Readonly<Partial<Record<Metric, Curve>>>;
  readonly evaluations: {
    readonly x: readonly number[];
    readonly step: readonly number[];
    readonly loss: readonly number[];
    readonly emaLoss: readonly (number | null)[];
  };
  /** Lines of metrics so far. */
  readonly points: number;
  readonly stops: readonly { readonly step: number; readonly x: number; readonly reason: string }[];
}

export interface Curve extends Thinned {
  /** The 1st and the 99th hundredth of what is visible. */
  readonly range: readonly [number, number] | null;
}

export interface SeriesReply {
  readonly axis: Axis;
  readonly runs: readonly RunCurves[];
  /** Why a run is not on this axis. */
  readonly notices?: readonly string[];
}

/** A metric with all that a report may be asked of it. */
export interface ReportCurve extends Omit<Curve, 'x' | 'smooth'> {
  readonly x: Readonly<Record<Axis, readonly number[]>>;
  /** By the weight of the average. */
  readonly smooth: Readonly<Record<string, readonly number[]>>;
}

/** A run's curves in a report: with buckets of equal width, and of equal ratio for a logarithmic axis. */
export interface ReportCurves extends Omit<RunCurves, 'curves' | 'evaluations' | 'stops'> {
  readonly linear: Readonly<Record<Metric, ReportCurve>>;
  readonly log: Readonly<Record<Metric, ReportCurve>>;
  readonly evaluations: Omit<RunCurves['evaluations'], 'x'> & {
    readonly x: Readonly<Record<Axis, readonly number[]>>;
  };
}

/** One run in a report. */
export interface ReportRun {
  readonly row: LabRow;
  readonly curves: ReportCurves;
  readonly inside?: InsideReply;
  readonly tensors: readonly TensorReply[];
  readonly yardsticks?: YardstickReply;
  readonly samples: string;
}

/** All that a report's page shows: it lies in the page. */
export interface ReportData {
  readonly written: string;
  readonly version: string;
  readonly runs: readonly ReportRun[];
}

/** How a report's charts are drawn as pictures. */
export interface PictureOptions {
  readonly theme: 'light' | 'dark';
  /** Tensors whose histograms are drawn, by pattern. Default: none. */
  readonly tensors?: string | undefined;
}

/** What draws them: bundled with the page's charts. */
export type PictureSource = (
  data: ReportData,
  options: PictureOptions,
) => readonly { readonly name: string; readonly svg: string }[];

export interface Problem {
  readonly problem: string;
}
