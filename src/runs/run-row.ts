/** A run at a glance, with what its metrics say: for lists. */
import path from 'node:path';
import { UserError } from '../util/errors.js';
import { listRuns, type RunSummary } from './list-runs.js';
import { readJsonLines } from './run-log.js';

/** `imported` has the weights that it came with, and no step of its own. */
export type RunState = 'running' | 'finished' | 'stopped' | 'imported' | 'failed' | 'damaged';

/** A run's summary, with what its metrics say. */
export interface RunRow extends RunSummary {
  readonly state: RunState;
  readonly tokensPerSecond: number | null;
  /** Of each rank's own work, where several train it. */
  readonly rankTokensPerSecond?: readonly number[];
  /** Over the whole split, of a run that came to its end; otherwise the last evaluation's. */
  readonly validationLoss?: number;
}

/** What is read of the lines of `metrics.jsonl`; there may be anything in them. */
interface Line {
  type?: unknown;
  reason?: unknown;
  tokensPerSecond?: unknown;
  rankTokensPerSecond?: unknown;
  validation?: { loss?: unknown } | null;
}

/** A longer list of ranks is nobody's run. */
const MOST_RANKS = 65_536;
/** So much of the end of a run's metrics is read: several hundred lines. */
const LAST_BYTES = 128 * 1024;

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise;
}

function numbersOf(value: unknown): number[] | undefined {
  const isList = Array.isArray(value) && value.length > 1 && value.length <= MOST_RANKS;
  return isList && value.every((item) => typeof item === 'number') ? value : undefined;
}

/** The runs in `folder`, with what their metrics say. */
export function runsIn(folder: string): RunRow[] {
  return listRuns(folder).map(rowOf);
}

/** A run's row in a list. Reads the end of its metrics; what cannot be read makes it `damaged`. */
export function rowOf(run: RunSummary): RunRow {
  if (run.problem !== undefined) return { ...run, state: 'damaged', tokensPerSecond: null };
  let lines: Line[];
  try {
    lines = readJsonLines(path.join(run.path, 'metrics.jsonl'), LAST_BYTES);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...run, problem: error.message, state: 'damaged', tokensPerSecond: null };
  }
  const stop = lines.findLast(({ type }) => type === 'stop');
  const last = lines.findLast(({ type }) => type === 'step');
  const pace = numberOr(last?.tokensPerSecond, null);
  const ranks = numbersOf(last?.rankTokensPerSecond);
  const final = lines.at(-1) === stop ? numberOr(stop?.validation?.loss, undefined) : undefined;
  const validationLoss = final ?? run.validationLoss;
  return {
    ...run,
    state: stateOf(run, lines.length === 0, stop?.reason),
    tokensPerSecond: pace,
    ...(ranks && { rankTokensPerSecond: ranks }),
    ...(validationLoss === undefined ? {} : { validationLoss }),
  };
}

/** @param isSilent whether nothing was ever written down of it. */
function stateOf(
  { running, step, steps }: RunSummary,
  isSilent: boolean,
  reason: unknown,
): RunState {
  if (running) return 'running';
  if (isSilent && step === 0) return 'imported';
  if (reason === 'diverged') return 'failed';
  if (reason === 'patience' || reason === 'fitted') return 'finished';
  return step !== undefined && steps !== undefined && step >= steps ? 'finished' : 'stopped';
}
