/** One run: its curves, and what probes measured inside it. */
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import type { LabRow } from '../../src/lab/protocol.js';
import { ApiProblem, get } from '../api.js';
import { insideCharts, ratioChart } from '../charts/inside-parts.js';
import { wasSilent } from '../charts/units.js';
import { duration, loss, short, whole } from '../format.js';
import { Actions } from '../parts/actions.js';
import { Check, Panel, Segments, Trouble } from '../parts/bits.js';
import { RunPicker } from '../parts/run-picker.js';
import { focus, isLog, SeriesPanel } from '../parts/series-panel.js';
import { RULE_PLACES } from '../rule-places.js';
import { hrefOf, report, rows } from '../state.js';
import { Compare } from './compare.js';
import { Heads } from './heads.js';
import { Histograms, pattern } from './histograms.js';
import { Layers } from './layers.js';
import { Predictions } from './predictions.js';
import { Samples } from './samples.js';
import { AllAwake, UnitMap } from './units.js';

const inside = signal<{ name: string; reply: InsideReply } | undefined>(undefined);
const problem = signal<string | undefined>(undefined);
const ratio = signal<'updateToData' | 'gradientToData'>('updateToData');
/** A long run's probes are some megabytes: not with every line that it writes. */
const INTERVAL_MS = 2000;

export function Inside({ name }: { name: string }) {
  const row = rows.value.get(name);
  const version = row?.version;
  const asked = useRef({ name: '', at: 0 });
  useEffect(() => {
    if (!row?.hasProbes) return;
    let isCurrent = true;
    const wait = asked.current.name === name ? asked.current.at + INTERVAL_MS - Date.now() : 0;
    const timer = setTimeout(
      async () => {
        asked.current = { name, at: Date.now() };
        try {
          const reply = await get<InsideReply>(`/api/inside?${new URLSearchParams({ name })}`);
          if (isCurrent) inside.value = { name, reply };
          problem.value = undefined;
        } catch (error) {
          if (isCurrent && error instanceof ApiProblem) problem.value = error.message;
        }
      },
      Math.max(0, wait),
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [name, version, row?.hasProbes]);
  if (!row) return <p class="note">There is no run {name}.</p>;
  if (row.problem !== undefined) return <Trouble problem={`${name}: ${row.problem}`} />;
  const reply = inside.value?.name === name ? inside.value.reply : undefined;
  return (
    <>
      <Panel
        title="Run"
        tools={
          <>
            <RunPicker name={name} href={(other) => hrefOf('run', other)} />
            <span class="grow" />
            {!report.value && <Actions row={row} />}
          </>
        }
      >
        <Facts row={row} />
      </Panel>
      <Trouble problem={problem.value} />
      {reply && reply.steps.length > 0 && <DiagnosisPanel reply={reply} />}
      <Compare runs={[name]} />
      {row.hasProbes ? (
        <Measured name={name} reply={reply} />
      ) : (
        <Panel title="Inside">
          <p class="note">
            This run was trained without probes. <code>--probes</code> on the command line, or{' '}
            <i>probes</i> under New run, measures activations, gradients, updates and dead units in
            passing.
          </p>
        </Panel>
      )}
      <Samples name={name} />
    </>
  );
}

function Measured({ name, reply }: { name: string; reply: InsideReply | undefined }) {
  if (reply && reply.steps.length > 0) return <Probes name={name} reply={reply} />;
  return (
    <Panel title="Inside">
      <p class="note">
        {reply || problem.value ? 'Nothing was measured yet.' : 'reading what was measured …'}
      </p>
    </Panel>
  );
}

function Facts({ row }: { row: LabRow }) {
  const facts: [string, string | undefined][] = [
    ['model', `${row.model} ${row.preset}`],
    ['parameters', row.parameters === undefined ? undefined : whole(row.parameters)],
    ['data', row.data?.split('/').at(-1)],
    ['tokenizer', `${row.tokenizer?.split('/').at(-1)}, ${whole(row.vocabSize ?? 0)}`],
    ['step', row.steps ? `${whole(row.step ?? 0)} of ${whole(row.steps)}` : undefined],
    ['tokens', row.tokens === undefined ? undefined : short(row.tokens)],
    ['time', row.seconds === undefined ? undefined : duration(row.seconds)],
    ['tokens per second', row.tokensPerSecond ? short(row.tokensPerSecond) : undefined],
    ['ranks', row.rankTokensPerSecond && ranksOf(row.rankTokensPerSecond)],
    ['best validation', row.best ? `${loss(row.best.loss)} at ${whole(row.best.step)}` : undefined],
    ['bits per byte', row.bitsPerByte?.toFixed(3)],
  ];
  return (
    <dl class="stats body">
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** How many, and the tokens per second of each, or of the slowest and the fastest where they are many. */
function ranksOf(paces: readonly number[]): string {
  const shown = paces.length <= 8 ? paces : [Math.min(...paces), Math.max(...paces)];
  return `${paces.length}: ${shown.map(short).join(paces.length <= 8 ? ', ' : ' to ')} tokens/s`;
}

function DiagnosisPanel({ reply }: { reply: InsideReply }) {
  const { diagnosis } = reply;
  return (
    <Panel title="Diagnosis" id="diagnosis">
      {diagnosis.length === 0 ? (
        <p class="note">Nothing stands out at step {whole(reply.steps.at(-1)!)}.</p>
      ) : (
        <ul class="diagnosis">
          {diagnosis.map(({ rule, path, text }) => (
            <li key={`${rule} ${path}`}>
              <span class="bad" aria-hidden="true">
                !
              </span>
              <span>{text.replaceAll('`', '')}</span>
              <button
                type="button"
                onClick={() => {
                  focus.value = path || undefined;
                  if (path) pattern.value = `*:${path}*`;
                  document
                    .getElementById(RULE_PLACES[rule] ?? 'loss')
                    ?.scrollIntoView({ block: 'start' });
                }}
              >
                show
              </button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Probes({ name, reply }: { name: string; reply: InsideReply }) {
  const { steps, units } = reply;
  const ratios = useMemo(() => ratioChart(reply, ratio.value), [reply, ratio.value]);
  const charts = useMemo(() => insideCharts(reply), [reply]);
  const silent = units.filter(wasSilent);
  return (
    <>
      <SeriesPanel
        {...ratios}
        steps={steps}
        tools={
          <>
            <Segments
              label="ratio"
              value={ratio.value}
              options={[
                ['updateToData', 'updates'],
                ['gradientToData', 'gradients'],
              ]}
              onChange={(value) => (ratio.value = value)}
            />
            <Check
              label="log steps"
              value={isLog.value}
              onChange={(value) => (isLog.value = value)}
            />
          </>
        }
      />
      <div class="wide-series">
        {charts.map((chart) => (
          <SeriesPanel key={chart.id} {...chart} steps={steps} height={210} />
        ))}
      </div>
      {units.length > 0 && (
        <Panel
          title="Silent units"
          tools={
            <span class="faint">
              a row is a unit, a column a measured step; marked where all of a batch left it flat
            </span>
          }
        >
          {silent.length > 0 && (
            <div class="maps body">
              {silent.map((layer) => (
                <UnitMap key={layer.path} layer={layer} steps={steps} />
              ))}
            </div>
          )}
          <AllAwake layers={units.filter((layer) => !wasSilent(layer))} />
        </Panel>
      )}
      <Histograms name={name} inside={reply} />
      <Layers inside={reply} />
      <Predictions inside={reply} />
      <Heads attention={reply.attention} />
    </>
  );
}
