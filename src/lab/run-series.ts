/** The numbers that a run has written so far, followed as it writes on. */
import path from 'node:path';
import { Columns } from './columns.js';
import { scanLine } from './scan-line.js';
import { Tail } from './tail.js';

export const STEP_COLUMNS = [
  'step',
  'loss',
  'lr',
  'gradNorm',
  'tokens',
  'tokensPerSecond',
  'seconds',
] as const;
export const EVALUATION_COLUMNS = ['step', 'loss', 'emaLoss', 'trainLoss', 'seconds'] as const;
export type StepColumn = (typeof STEP_COLUMNS)[number];
export type EvaluationColumn = (typeof EVALUATION_COLUMNS)[number];

/** The end of a sitting. */
export interface Stop {
  readonly step: number;
  readonly reason: string;
}

/** Several times what 50,000 lines take; more is not read. */
const MOST_BYTES = 512 * 1024 * 1024;
/** Sittings that are remembered. */
const MOST_STOPS = 1000;

const encoder = new TextEncoder();
const STEP_KEYS = STEP_COLUMNS.map((name) => encoder.encode(name));
/** How our own lines of steps begin. */
const STEP_LINE = encoder.encode('{"type":"step",');

export class RunSeries {
  readonly steps = new Columns(STEP_COLUMNS);
  readonly evaluations = new Columns(EVALUATION_COLUMNS);
  readonly stops: Stop[] = [];
  /** Counts changes, so that whoever drew it sees that there is more. */
  version = 0;
  readonly #tail: Tail;
  readonly #values = new Float64Array(STEP_COLUMNS.length);
  #reading: Promise<boolean> | undefined;

  constructor(folder: string) {
    this.#tail = new Tail(path.join(folder, 'metrics.jsonl'), {
      mostBytes: MOST_BYTES,
      onReset: () => this.#clear(),
      onLine: (bytes, start, end) => this.#line(bytes, start, end),
    });
  }

  /** Reads what the run has written since. @returns whether there was anything. */
  update(): Promise<boolean> {
    this.#reading ??= this.#tail.read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading.then((changed) => {
      if (changed) this.version++;
      return changed;
    });
  }

  #clear(): void {
    this.steps.clear();
    this.evaluations.clear();
    this.stops.length = 0;
  }

  #line(bytes: Buffer, start: number, end: number): void {
    if (isStep(bytes, start) && scanLine(bytes, start, end, STEP_KEYS, this.#values)) {
      if (Number.isFinite(this.#values[0]!)) this.steps.push(this.#values);
      return;
    }
    let event: Record<string, unknown>;
    try {
      event = JSON.parse(bytes.toString('utf8', start, end));
    } catch {
      return; // half-written by a process that was killed
    }
    if (event === null || typeof event !== 'object') return;
    const { type, step, reason } = event;
    if (typeof step !== 'number') return;
    if (type === 'step') this.steps.push(STEP_COLUMNS.map((name) => numberOf(event[name])));
    else if (type === 'evaluation') {
      this.evaluations.push(EVALUATION_COLUMNS.map((name) => numberOf(event[name])));
    } else if (type === 'stop' && this.stops.length < MOST_STOPS) {
      this.stops.push({ step, reason: String(reason).slice(0, 100) });
    }
  }
}

function isStep(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < STEP_LINE.length; i++) if (bytes[start + i] !== STEP_LINE[i]) return false;
  return true;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}
