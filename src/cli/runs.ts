/** `nanogpt runs`: the runs there are. */
import path from 'node:path';
import { listRuns, type RunSummary, readJsonLines } from '../runs/index.js';
import { UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { Output, thousands } from './output.js';
import { shownPath } from './paths.js';
import { table } from './table.js';

export interface RunsOptions {
  in: string;
  json?: true;
}

export type RunState = 'running' | 'finished' | 'stopped' | 'failed' | 'damaged';

/** A run at a glance, with what its metrics say. */
interface Row extends RunSummary {
  readonly state: RunState;
  readonly tokensPerSecond: number | null;
  /** Over the whole split, of a run that came to its end; otherwise the last evaluation's. */
  readonly validationLoss?: number;
}

/** What is read of the lines of `metrics.jsonl`; there may be anything in them. */
interface Line {
  type?: unknown;
  reason?: unknown;
  tokensPerSecond?: unknown;
  validation?: { loss?: unknown } | null;
}

/** So much of the end of a run's metrics is read: several hundred lines. */
const LAST_BYTES = 128 * 1024;

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise;
}

export function showRuns(options: RunsOptions): void {
  const output = new Output(options.json === true);
  const rows = runsIn(options.in);
  output.result(rows.map((row) => ({ ...row, path: shownPath(row.path) })));
  if (rows.length === 0) {
    output.line(`No runs in ${options.in}. \`npx nanogpt train mlp\` makes one.`);
    return;
  }
  output.line(tableOf(rows));
  for (const { name, problem } of rows) if (problem) output.notice(oneLine(`${name}: ${problem}`));
}

/** The runs in `folder`, with what their metrics say. */
export function runsIn(folder: string): Row[] {
  return listRuns(folder).map(rowOf);
}

/** A line for each run. */
export function tableOf(rows: readonly Row[]): string {
  return table(
    [
      { heading: 'run' },
      { heading: 'model' },
      { heading: 'parameters', right: true },
      { heading: 'steps', right: true },
      { heading: 'validation', right: true },
      { heading: 'tokens/s', right: true },
      { heading: 'when' },
      { heading: 'state' },
    ],
    rows.map(cellsOf),
  );
}

function rowOf(run: RunSummary): Row {
  if (run.problem !== undefined) return { ...run, state: 'damaged', tokensPerSecond: null };
  let lines: Line[];
  try {
    lines = readJsonLines(path.join(run.path, 'metrics.jsonl'), LAST_BYTES);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...run, problem: error.message, state: 'damaged', tokensPerSecond: null };
  }
  const stop = lines.findLast(({ type }) => type === 'stop');
  const pace = numberOr(lines.findLast(({ type }) => type === 'step')?.tokensPerSecond, null);
  const final = lines.at(-1) === stop ? numberOr(stop?.validation?.loss, undefined) : undefined;
  const validationLoss = final ?? run.validationLoss;
  return {
    ...run,
    state: stateOf(run, stop?.reason),
    tokensPerSecond: pace,
    ...(validationLoss === undefined ? {} : { validationLoss }),
  };
}

function stateOf({ running, step, steps }: RunSummary, reason: unknown): RunState {
  if (running) return 'running';
  if (reason === 'diverged') return 'failed';
  if (reason === 'patience' || reason === 'fitted') return 'finished';
  return step !== undefined && steps !== undefined && step >= steps ? 'finished' : 'stopped';
}

function cellsOf(row: Row): string[] {
  const { name, model, preset, parameters, step, steps, validationLoss, tokensPerSecond } = row;
  const counted = steps === 0;
  return [
    name,
    model === undefined ? '' : `${model} ${preset}`,
    parameters === undefined ? '' : thousands(parameters),
    steps === undefined || counted ? '' : `${thousands(step ?? 0)}/${thousands(steps)}`,
    validationLoss === undefined ? '' : validationLoss.toFixed(4),
    tokensPerSecond ? thousands(tokensPerSecond) : '',
    row.created === undefined ? '' : shownTime(row.created),
    row.state,
  ];
}

/** `2026-01-31 19:05`, local. */
function shownTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
