/** Many lines, one for each part of a model, with a list that tells their values at the cursor. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { colorOf } from '../charts/palette.js';
import { type Part, partsOption } from '../charts/parts.js';
import { figure, whole } from '../format.js';
import { placeIn, theme } from '../state.js';
import { Panel } from './bits.js';
import { Chart } from './chart.js';

/** The part of the model that is looked at: it stands out in every chart. */
export const focus = signal<string | undefined>(undefined);

interface SeriesPanelProps {
  readonly id?: string;
  readonly title: string;
  readonly steps: readonly number[];
  readonly parts: readonly Part[];
  readonly guides?: readonly { readonly label: string; readonly y: number }[];
  /** Least and greatest of y; a null leaves it to the values. */
  readonly range?: readonly [number | null, number | null];
  readonly logY?: boolean;
  readonly tools?: preact.ComponentChildren;
  readonly height?: number;
  /** In place of four digits. */
  readonly format?: (value: number | null) => string;
  readonly note?: string;
}

export function SeriesPanel(props: SeriesPanelProps) {
  const { title, steps, parts, guides, range, logY = false, height = 240, format = figure } = props;
  const isDark = theme.value === 'dark';
  const focused = focus.value;
  const option = useMemo(
    () =>
      partsOption({
        ...{ steps, parts, theme: theme.value, logY, logX: isLog.value, focused },
        ...(guides && { guides }),
        ...(range && { range }),
      }),
    [parts, steps, focused, theme.value, guides, range, isLog.value],
  );
  const at = placeIn(steps);
  return (
    <Panel
      title={title}
      {...(props.id && { id: props.id })}
      tools={
        <>
          {props.tools}
          <span class="grow" />
          <span class="faint">step {whole(steps[at] ?? 0)}</span>
        </>
      }
    >
      {props.note && <p class="note">{props.note}</p>}
      <div class="series">
        <Chart
          option={option}
          height={height}
          axis="step"
          stops={steps}
          label={`${title}: ${parts.length} lines over the steps`}
        />
        <ul
          class="parts"
          style={{ maxHeight: `${height}px` }}
          aria-label={`${title} at step ${steps[at] ?? 0}`}
        >
          {parts.map(({ path, values }, i) => (
            <li key={path}>
              <button
                type="button"
                aria-pressed={path === focused}
                onClick={() => (focus.value = path === focused ? undefined : path)}
              >
                <span class="swatch" style={{ background: colorOf(i, parts.length, isDark) }} />
                <span class="path">{path || 'model'}</span>
                <span class="value mono">{format(values[at] ?? null)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}

/** Steps on a logarithmic axis: probes are spaced so, and the beginning is where things go wrong. */
export const isLog = signal(true);
