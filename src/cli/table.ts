/** Tables of plain text. */
import Table from 'cli-table3';

/** A column: its heading, and whether its cells are numbers, to stand at the right. */
export interface Column {
  readonly heading: string;
  readonly right?: boolean;
}

const LINES = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
  ...['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

/** Rows in columns, without lines around them; without headings where there are none. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const headings = columns.map((column) => column.heading);
  const drawn = new Table({
    head: headings.some((heading) => heading !== '') ? headings : [],
    colAligns: columns.map((column) => (column.right ? 'right' : 'left')),
    chars: { ...Object.fromEntries(LINES.map((place) => [place, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** `label  value`, aligned; rows without a value are left out. */
export function fields(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  return table([{ heading: '' }, { heading: '' }], shown);
}
