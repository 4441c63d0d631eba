/** `nanogpt runs`: all runs. */
import { type RunRow, runsIn } from '../runs/index.js';
import { oneLine } from '../util/one-line.js';
import { Output, thousands } from './output.js';
import { shownPath } from './paths.js';
import { table } from './table.js';

export interface RunsOptions {
  in: string;
  json?: true;
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

/** In order, each with its rank: the greatest goes first where there is too little room, and 0 never. */
const COLUMNS = [
  { heading: 'run', rank: 0 },
  { heading: 'model', rank: 3 },
  { heading: 'parameters', right: true, rank: 4 },
  { heading: 'steps', right: true, rank: 1 },
  { heading: 'validation', right: true, rank: 0 },
  { heading: 'tokens/s', right: true, rank: 5 },
  { heading: 'ranks', right: true, rank: 6 },
  { heading: 'when', rank: 2 },
  { heading: 'state', rank: 0 },
];

/**
 * A line for each run.
 *
 * @param width maximum columns: the least useful are dropped until it fits, and then names are shortened.
 */
export function tableOf(rows: readonly RunRow[], width = Infinity): string {
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

function cellsOf(row: RunRow): string[] {
  const { name, model, preset, parameters, step, steps, validationLoss, tokensPerSecond } = row;
  const counted = steps === 0 || row.state === 'imported';
  return [
    name,
    model === undefined ? '' : `${model} ${preset}`,
    parameters === undefined ? '' : thousands(parameters),
    steps === undefined || counted ? '' : `${thousands(step ?? 0)}/${thousands(steps)}`,
    validationLoss === undefined ? '' : validationLoss.toFixed(4),
    tokensPerSecond ? thousands(tokensPerSecond) : '',
    ranksOf(row),
    row.created === undefined ? '' : shownTime(row.created),
    row.state,
  ];
}

/** `4 (5,020 to 5,310)`: how many, and the tokens per second of the slowest and the fastest. */
function ranksOf({ rankTokensPerSecond: paces }: RunRow): string {
  if (!paces) return '';
  const [slowest, fastest] = [Math.min(...paces), Math.max(...paces)];
  return `${paces.length} (${thousands(slowest)} to ${thousands(fastest)})`;
}

/** `2026-01-31 19:05`, local. */
function shownTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
