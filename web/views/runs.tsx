/** All runs, as a table; those that are ticked are compared below it. */
import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { LabRow } from '../../src/lab/protocol.js';
import { duration, loss, short, when, whole } from '../format.js';
import { ReportButton } from '../parts/actions.js';
import { Letter, markOfRun, Panel, Scroll, Spark, State } from '../parts/bits.js';
import { chosen, folder, hrefOf, loaded, ordered, report, toggle } from '../state.js';
import { Compare } from './compare.js';

interface Column {
  readonly key: string;
  readonly heading: string;
  readonly right?: boolean;
  /** Left out on narrow screens. */
  readonly wide?: boolean;
  readonly sort: (row: LabRow) => number | string | undefined;
  readonly cell: (row: LabRow) => ComponentChildren;
}

const COLUMNS: readonly Column[] = [
  {
    key: 'name',
    heading: 'run',
    sort: (row) => row.name,
    cell: (row) => <a href={hrefOf('run', row.name)}>{row.name}</a>,
  },
  { key: 'state', heading: 'state', sort: (row) => row.state, cell: (row) => <State row={row} /> },
  {
    key: 'spark',
    heading: 'loss',
    sort: (row) => row.loss,
    cell: (row) => <Spark values={row.spark} />,
  },
  {
    key: 'best',
    heading: 'best validation',
    right: true,
    sort: bestOf,
    cell: (row) => loss(bestOf(row)),
  },
  {
    key: 'bits',
    heading: 'bits / byte',
    right: true,
    sort: (row) => row.bitsPerByte,
    cell: (row) => row.bitsPerByte?.toFixed(3) ?? '–',
  },
  {
    key: 'step',
    heading: 'step',
    right: true,
    sort: (row) => row.step,
    cell: (row) =>
      row.steps ? (
        <>
          {whole(row.step ?? 0)} <span class="faint">/ {whole(row.steps)}</span>
        </>
      ) : (
        '–'
      ),
  },
  {
    key: 'model',
    heading: 'model',
    wide: true,
    sort: (row) => row.model,
    cell: (row) => (
      <>
        {row.model} <span class="faint">{row.preset}</span>
      </>
    ),
  },
  {
    key: 'data',
    heading: 'data',
    wide: true,
    sort: (row) => row.data,
    cell: (row) => row.data?.split('/').at(-1),
  },
  {
    key: 'parameters',
    heading: 'parameters',
    right: true,
    wide: true,
    sort: (row) => row.parameters,
    cell: (row) => (row.parameters === undefined ? '–' : short(row.parameters)),
  },
  {
    key: 'speed',
    heading: 'tokens / s',
    right: true,
    wide: true,
    sort: (row) => row.tokensPerSecond ?? undefined,
    cell: (row) => (row.tokensPerSecond ? short(row.tokensPerSecond) : '–'),
  },
  {
    key: 'seconds',
    heading: 'time',
    right: true,
    wide: true,
    sort: (row) => row.seconds,
    cell: (row) => (row.seconds === undefined ? '–' : duration(row.seconds)),
  },
  {
    key: 'created',
    heading: 'begun',
    right: true,
    wide: true,
    sort: (row) => row.created,
    cell: (row) => (row.created ? when(row.created) : '–'),
  },
];

function bestOf(row: LabRow): number | undefined {
  return row.best?.loss ?? row.validationLoss;
}

const sorting = signal<{ key: string; down: boolean }>({ key: 'created', down: true });
const filter = signal('');

const shown = computed(() => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const { key, down } = sorting.value;
  const { sort } = COLUMNS.find((column) => column.key === key)!;
  const kept = ordered.value.filter((row) => {
    const text = `${row.name} ${row.model} ${row.preset} ${row.data} ${row.state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return kept.sort((a, b) => {
    const [x, y] = [sort(a), sort(b)];
    if (x === y) return 0;
    if (x === undefined) return 1; // what is not known comes last, either way
    if (y === undefined) return -1;
    return (x < y ? -1 : 1) * (down ? -1 : 1);
  });
});

export function Runs() {
  return (
    <>
      <Panel
        title="Runs"
        tools={
          <>
            <span class="faint">
              {ordered.value.length}
              {!report.value && ` in ${folder.value}/`}
            </span>
            <span class="grow" />
            <input
              type="search"
              placeholder="filter"
              aria-label="filter runs"
              value={filter.value}
              onInput={(event) => (filter.value = event.currentTarget.value)}
            />
            {!report.value && chosen.value.length > 0 && <ReportButton runs={chosen.value} />}
            <button
              type="button"
              disabled={chosen.value.length === 0}
              onClick={() => (chosen.value = [])}
            >
              compare none
            </button>
          </>
        }
      >
        {loaded.value && ordered.value.length === 0 ? (
          <p class="note">
            No runs here yet. Begin one under <a href={hrefOf('new')}>New run</a>, or with{' '}
            <code>nanogpt train mlp --preset chars</code>.
          </p>
        ) : (
          <Scroll label="all runs">
            <table>
              <thead>
                <tr>
                  <th scope="col">
                    <span class="sr">compared</span>
                  </th>
                  {COLUMNS.map((column) => (
                    <Heading key={column.key} column={column} />
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.value.map((row) => (
                  <Row key={row.name} row={row} />
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Panel>
      {chosen.value.length > 0 && <Compare />}
    </>
  );
}

function Heading({ column: { key, heading, right, wide } }: { column: Column }) {
  const { key: now, down } = sorting.value;
  const isNow = key === now;
  const classes = `${right ? 'right' : ''} ${wide ? 'wide' : ''}`;
  return (
    <th
      scope="col"
      class={classes}
      aria-sort={isNow ? (down ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        onClick={() => (sorting.value = { key, down: isNow ? !down : right === true })}
      >
        {heading}
        {isNow ? (down ? ' ↓' : ' ↑') : ''}
      </button>
    </th>
  );
}

function Row({ row }: { row: LabRow }) {
  const mark = markOfRun(row.name);
  return (
    <tr>
      <td>
        <label class="field">
          <input
            type="checkbox"
            checked={mark !== undefined}
            disabled={row.problem !== undefined}
            aria-label={`compare ${row.name}`}
            onChange={() => toggle(row.name)}
          />
          {mark ? <Letter mark={mark} /> : <span class="letter" />}
        </label>
      </td>
      {row.problem === undefined ? (
        COLUMNS.map(({ key, right, wide, cell }) => (
          <td
            key={key}
            class={`${key === 'name' ? 'name' : ''} ${right ? 'right' : ''} ${wide ? 'wide' : ''}`}
            title={key === 'name' ? row.name : undefined}
          >
            {cell(row)}
          </td>
        ))
      ) : (
        <>
          <td class="name">{row.name}</td>
          <td>
            <State row={row} />
          </td>
          <td colSpan={COLUMNS.length - 2} class="faint">
            {row.problem}
          </td>
        </>
      )}
    </tr>
  );
}
