/** The runs that were chosen, one over the other: losses and what drives them, and the settings that differ. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Axis, Metric, RunCurves } from '../../src/lab/protocol.js';
import { SMOOTHINGS } from '../../src/lab/thin.js';
import { markOf } from '../charts/palette.js';
import { lossOption, metricOption, SMALL_CHARTS } from '../charts/runs.js';
import { figure, position } from '../format.js';
import { Check, Letter, Panel, Scroll, Segments, Trouble } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { type Curves, useCurves, valueAt } from '../parts/curves.js';
import { References, useReferences } from '../parts/references.js';
import { chosen, cursor, hrefOf, rows, theme } from '../state.js';
import { Differences } from './differences.js';

export const axis = signal<Axis>('step');
const smoothing = signal(0.8);
const logX = signal(false);
const logY = signal(false);
const quantiles = signal(true);
const zoom = signal<readonly [number, number] | null>(null);

const AXES: readonly (readonly [Axis, string])[] = [
  ['step', 'steps'],
  ['tokens', 'tokens'],
  ['seconds', 'seconds'],
  ['flops', 'FLOPs'],
];

export function Compare({ runs = chosen.value }: { runs?: readonly string[] }) {
  const curves = useCurves({
    runs,
    axis: axis.value,
    metrics: ['loss', 'lr', 'gradNorm', 'tokensPerSecond'],
    smoothing: smoothing.value,
    logX: logX.value,
    zoom: zoom.value,
    points: Math.min(1200, Math.max(200, Math.round(innerWidth / 2))),
  });
  return (
    <>
      <Panel title="Loss" id="loss" tools={<Tools />}>
        <Trouble problem={curves.problem.value} />
        {curves.notices.value.map((notice) => (
          <Trouble key={notice} problem={notice} />
        ))}
        <LossChart curves={curves} runs={runs} />
      </Panel>
      <div class="grid3">
        {SMALL_CHARTS.map(([metric, title, log]) => (
          <Panel key={metric} title={title}>
            <SmallChart curves={curves} runs={runs} metric={metric} title={title} log={log} />
          </Panel>
        ))}
      </div>
      <Differences runs={runs} />
    </>
  );
}

function Tools() {
  return (
    <>
      <Segments
        label="horizontal axis"
        value={axis.value}
        options={AXES}
        onChange={(next) => {
          axis.value = next;
          zoom.value = null;
        }}
      />
      <label class="field">
        smoothing
        <input
          type="range"
          min="0"
          max={SMOOTHINGS.length - 1}
          step="1"
          value={SMOOTHINGS.indexOf(smoothing.value)}
          aria-valuetext={String(smoothing.value)}
          onInput={(event) => (smoothing.value = SMOOTHINGS[Number(event.currentTarget.value)]!)}
        />
        <output class="mono">{smoothing.value || 'none'}</output>
      </label>
      <Check label="log x" value={logX.value} onChange={(value) => (logX.value = value)} />
      <Check label="log y" value={logY.value} onChange={(value) => (logY.value = value)} />
      <Check
        label="fit to 98 %"
        value={quantiles.value}
        onChange={(value) => (quantiles.value = value)}
      />
      <References />
      <span class="grow" />
      {zoom.value ? (
        <button type="button" onClick={() => (zoom.value = null)}>
          show all
        </button>
      ) : (
        <span class="faint wide">drag to zoom</span>
      )}
    </>
  );
}

function LossChart({ curves, runs }: { curves: Curves; runs: readonly string[] }) {
  const all = curves.runs.value;
  const over = curves.axis.value;
  const lines = useReferences(runs);
  const option = useMemo(
    () =>
      lossOption({
        ...{ order: runs, runs: all, axis: over, theme: theme.value, zoom: zoom.value },
        ...{ logX: logX.value, logY: logY.value, fit: quantiles.value, references: lines },
      }),
    [all, runs, theme.value, logX.value, logY.value, quantiles.value, lines, over],
  );
  return (
    <>
      <Chart
        option={option}
        height={360}
        axis={over}
        label={`Loss of ${runs.length} runs over ${over}`}
        stops={all[0]?.curves.loss?.x ?? []}
        onZoom={(range) => (zoom.value = range)}
      />
      <Legend runs={runs} curves={all} over={over} />
    </>
  );
}

function Legend({
  runs,
  curves,
  over,
}: {
  runs: readonly string[];
  curves: readonly RunCurves[];
  over: string;
}) {
  const at = cursor.value?.axis === over ? cursor.value.x : undefined;
  const byName = new Map(curves.map((run) => [run.name, run]));
  return (
    <Scroll label="figures of each run">
      <table>
        <thead>
          <tr>
            <th scope="col">{at === undefined ? 'last' : position(over, at)}</th>
            <th scope="col">run</th>
            <th scope="col" class="right">
              training
            </th>
            <th scope="col" class="right">
              least … greatest
            </th>
            <th scope="col" class="right">
              validation
            </th>
            <th scope="col" class="right wide">
              rate
            </th>
            <th scope="col" class="right wide">
              gradient
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((name, i) => {
            const run = byName.get(name);
            const row = rows.value.get(name);
            if (!row) return null;
            const read = (metric: Metric, key: 'mean' | 'min' | 'max' | 'smooth') => {
              const curve = run?.curves[metric];
              return curve ? valueAt(curve.x, curve[key] ?? curve.mean, at ?? Infinity) : null;
            };
            const validation = run
              ? valueAt(run.evaluations.x, run.evaluations.loss, at ?? Infinity)
              : null;
            return (
              <tr key={name}>
                <td>
                  <Letter mark={markOf(i, theme.value)} />
                </td>
                <td class="name">
                  <a href={hrefOf('run', name)}>{name}</a>
                </td>
                <td class="right mono">{figure(read('loss', 'smooth'))}</td>
                <td class="right mono faint">
                  {figure(read('loss', 'min'))} … {figure(read('loss', 'max'))}
                </td>
                <td class="right mono">{figure(validation)}</td>
                <td class="right mono wide">{figure(read('lr', 'mean'))}</td>
                <td class="right mono wide">{figure(read('gradNorm', 'mean'))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function SmallChart({
  curves,
  runs,
  metric,
  title,
  log,
}: {
  curves: Curves;
  runs: readonly string[];
  metric: Metric;
  title: string;
  log: boolean;
}) {
  const all = curves.runs.value;
  const over = curves.axis.value;
  const option = useMemo(
    () =>
      metricOption(metric, {
        ...{ order: runs, runs: all, axis: over, theme: theme.value, logX: logX.value, logY: log },
      }),
    [all, runs, theme.value, logX.value, over],
  );
  return (
    <Chart
      option={option}
      height={170}
      axis={over}
      label={`${title} over ${over}`}
      stops={all[0]?.curves[metric]?.x ?? []}
      onZoom={(range) => (zoom.value = range)}
    />
  );
}
