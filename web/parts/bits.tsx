/** Small parts that every view uses. */
import type { ComponentChildren } from 'preact';
import type { LabRow } from '../../src/lab/protocol.js';
import { type Mark, markOf } from '../charts/palette.js';
import { chosen, theme } from '../state.js';

export function State({ row }: { row: LabRow }) {
  return <span class={`state ${row.state}`}>{row.state}</span>;
}

/** A run's letter with a piece of its line. */
export function Letter({ mark }: { mark: Mark }) {
  const dash = mark.dash === 'solid' ? undefined : mark.dash.join(' ');
  return (
    <span class="letter" style={{ color: mark.color }}>
      <svg width="18" height="8" aria-hidden="true">
        <line
          x1="0"
          x2="18"
          y1="4"
          y2="4"
          stroke={mark.color}
          stroke-width="2"
          stroke-dasharray={dash}
        />
      </svg>
      {mark.letter}
    </span>
  );
}

/** The letter of a run among those compared; undefined for another. */
export function markOfRun(name: string): Mark | undefined {
  const index = chosen.value.indexOf(name);
  return index < 0 ? undefined : markOf(index, theme.value);
}

export function Spark({ values }: { values: readonly number[] | undefined }) {
  const finite = (values ?? []).filter(Number.isFinite);
  if (finite.length < 2) return <span class="faint">–</span>;
  const sorted = [...finite].sort((a, b) => a - b);
  const low = sorted[0]!;
  const median = sorted[sorted.length >> 1]!;
  // The first losses lie so high that all others would be one flat line.
  const span = Math.min(sorted.at(-1)! - low, 3 * (median - low) || Infinity) || 1;
  const [width, height] = [84, 18];
  const points = finite.map((value, i) => {
    const x = (i / (finite.length - 1)) * width;
    const y = height - 1 - Math.min(1, (value - low) / span) * (height - 2);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg class="spark" width={width} height={height} aria-hidden="true">
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        stroke-width="1.2"
        opacity="0.75"
      />
    </svg>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** A choice of a few, all seen. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame
    <span class="segments" role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <button type="button" key={key} aria-pressed={key === value} onClick={() => onChange(key)}>
          {text}
        </button>
      ))}
    </span>
  );
}

interface PanelProps {
  title: string;
  children: ComponentChildren;
  tools?: ComponentChildren;
  id?: string;
}

export function Panel({ title, children, tools, id }: PanelProps) {
  return (
    <section class="panel" id={id} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {tools}
      </header>
      {children}
    </section>
  );
}

/** What may be wider or higher than its place, and is moved by keys as well. @param label what lies in it. */
export function Scroll(props: { label: string; also?: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: else what lies outside is not to be reached by keys
    <section class={`scroll ${props.also ?? ''}`} aria-label={props.label} tabIndex={0}>
      {props.children}
    </section>
  );
}

export function Check(props: {
  label: string;
  value: boolean;
  onChange: (value: boolean) => void;
}) {
  return (
    <label class="field">
      <input
        type="checkbox"
        checked={props.value}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  );
}

/** What went wrong, in words; nothing where nothing did. */
export function Trouble({ problem }: { problem: string | undefined }) {
  return problem === undefined ? null : (
    <p class="notice" role="alert">
      {problem}
    </p>
  );
}
