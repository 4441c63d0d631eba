/** How training goes: the curve, and where it stands. */
import { useMemo } from 'preact/hooks';
import { lineOption } from '../charts/lines.js';
import { INK } from '../charts/palette.js';
import { duration, short, loss as shownLoss, whole } from '../format.js';
import { Panel } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { theme } from '../state.js';
import { folderName } from './archive.js';
import {
  ending,
  finalValidation,
  passing,
  progress,
  run,
  training,
  trainPoints,
  validationPoints,
  warning,
} from './engine.js';

export function Progress() {
  const now = progress.value;
  const config = run.value?.config;
  return (
    <Panel
      title={config ? folderName(config.name) : 'Loss'}
      tools={
        <>
          <span class="grow" />
          <span class={`state ${training.value ? 'running' : 'stopped'}`} role="status">
            {state()}
          </span>
        </>
      }
    >
      {training.value && (
        <progress
          class="bar"
          aria-label="steps done"
          max={now?.steps ?? 1}
          value={now?.step ?? 0}
        />
      )}
      <div class="body">
        <dl class="stats">
          <Figure
            title="step"
            value={now ? `${whole(now.step)} of ${whole(now.steps)}` : stepShown()}
          />
          <Figure
            title="training loss"
            value={shownLoss(now?.loss ?? trainPoints.value.at(-1)?.loss)}
          />
          <Figure
            title={
              finalValidation.value === null ? 'validation loss' : 'validation loss, whole split'
            }
            value={shownLoss(finalValidation.value ?? validationPoints.value.at(-1)?.loss)}
          />
          <Figure title="tokens a second" value={now ? short(now.tokensPerSecond) : '–'} />
          <Figure
            title={training.value ? 'left' : 'training took'}
            value={now ? duration(training.value ? now.secondsLeft : now.seconds) : '–'}
          />
          <Figure title="parameters" value={config ? whole(config.parameters.total) : '–'} />
        </dl>
      </div>
      <Curve />
      {warning.value && <p class="note">{warning.value}</p>}
      {passing.value && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: else what lies outside is not to be reached by keys
        <section class="passing" tabIndex={0} aria-label="a text written on the way">
          <span class="faint">step {whole(passing.value.step)}: </span>
          {passing.value.text}
        </section>
      )}
    </Panel>
  );
}

/** What is under way, or how it ended. After the last step comes the loss over the whole split, which may take minutes. */
function state(): string {
  if (!training.value) return ending.value ?? (run.value ? 'loaded' : 'no run yet');
  const now = progress.value;
  return now && now.step >= now.steps ? 'evaluating' : 'training';
}

function stepShown(): string {
  return run.value ? whole(run.value.step) : '–';
}

function Figure({ title, value }: { title: string; value: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd style={{ margin: 0 }}>
        <b>{value}</b>
      </dd>
    </div>
  );
}

function Curve() {
  const points = trainPoints.value;
  const scored = validationPoints.value;
  const shade = theme.value;
  const option = useMemo(() => {
    const { series } = INK[shade];
    const lineOf = (name: string, list: typeof points, color: string, symbols: boolean) => ({
      name,
      color,
      dash: 'solid' as const,
      symbols,
      x: list.map(({ step }) => step),
      y: list.map(({ loss }) => loss),
    });
    return lineOption({
      axis: 'step',
      theme: shade,
      lines: [
        lineOf('training', points, series[0]!, false),
        lineOf('validation', scored, series[1]!, true),
      ],
    });
  }, [points, scored, shade]);
  const last = scored.at(-1);
  const label =
    points.length === 0
      ? 'loss over steps: nothing yet'
      : `loss over steps: training ${points.at(-1)!.loss.toFixed(3)} at step ${points.at(-1)!.step}${last ? `, validation ${last.loss.toFixed(3)} at step ${last.step}` : ''}`;
  return (
    <>
      <Chart
        option={option}
        label={label}
        height={280}
        axis="step"
        stops={points.map(({ step }) => step)}
      />
      <div class="legend">
        <span style={{ color: INK[shade].series[0] }}>— training</span>
        <span style={{ color: INK[shade].series[1] }}>○ validation</span>
      </div>
    </>
  );
}
