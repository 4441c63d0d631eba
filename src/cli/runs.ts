/** `nanogpt runs`: all runs. */
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
export interface Row extends RunSummary {
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
  output.line(tableOf(rows, process.stdout.columns));
  for (const { name, problem } of rows) if (problem) output.notice(oneLine(`${name}: ${problem}`));
}

/** The runs in `folder`, with what their metrics say. */
export function runsIn(folder: string): Row[] {
  return listRuns(folder).map(rowOf);
}

/** In order, each with its rank: the greatest goes first where there is too little room, and 0 never. */
const COLUMNS = [
  { heading: 'run', rank: 0 },
  { heading: 'model', rank: 3 },
  { heading: 'parameters', right: true, rank: 4 },
  { heading: 'steps', right: true, rank: 1 },
  { heading: 'validation', right: true, rank: 0 },
  { heading: 'tokens/s', right: true, rank: 5 },
  { heading: 'when', rank: 2 },
  { heading: 'state', rank: 0 },
];

/**
 * A line for each run.
 *
 * @param width maximum columns: the least useful are dropped until it fits, and then names are shortened.
 */
export function tableOf(rows: readonly Row[], width = Infinity): string {
  const cells = rows.map(cellsOf);
  const draw = (most: number, longest = Infinity) => {
    const shown = COLUMNS.map((_, i) => i).filter((i) => COLUMNS[i]!.rank <= most);
    return table(
      shown.map((i) => COLUMNS[i]!),
      cells.map((row) => shown.map((i) => (i === 0 ? shortened(row[i]!, longest) : row[i]!))),
    );
  };
  const excess = (text: string) => Math.max(...text.split('\n').map((line) => line.length)) - width;
  let most = Math.max(...COLUMNS.map(({ rank }) => rank));
  while (most > 0 && excess(draw(most)) > 0) most--;
  const over = excess(draw(most));
  if (over <= 0) return draw(most);
  const longest = Math.max(...rows.map(({ name }) => name.length));
  return draw(most, Math.max(8, longest - over));
}

/** `mlp-ch…1-1200`: both ends tell runs apart. */
function shortened(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const end = Math.floor((longest - 1) / 2);
  return `${name.slice(0, longest - 1 - end)}…${name.slice(name.length - end)}`;
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
