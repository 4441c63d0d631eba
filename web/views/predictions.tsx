/** Predictions: how sure, how right, where in the block, and on which tokens. */
import { useMemo } from 'preact/hooks';
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { calibrationOption } from '../charts/calibration.js';
import { predictionCharts } from '../charts/inside-parts.js';
import { figure, whole } from '../format.js';
import { Panel } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { SeriesPanel } from '../parts/series-panel.js';
import { theme } from '../state.js';

export function Predictions({ inside }: { inside: InsideReply }) {
  const { steps, predictions } = inside;
  const { last } = predictions;
  const charts = useMemo(() => predictionCharts(inside), [inside]);
  if (!last) return null;
  return (
    <div class="wide-series" id="predictions">
      {charts.map((chart) => (
        <SeriesPanel key={chart.id} {...chart} steps={steps} height={190} />
      ))}
      <Panel
        title="Calibration"
        tools={
          <span class="faint">
            error {last.calibrationError?.toFixed(4) ?? '–'}, {whole(last.tokens)} tokens
          </span>
        }
      >
        <Calibration bins={last.calibration} />
      </Panel>
      <Panel title="Loss by place and by token">
        <div class="grid2 body">
          <Bands title="position in the block" bands={last.positions} nameOf={reach} />
          <Bands
            title="occurrences in the training text"
            bands={last.frequencies}
            nameOf={(from) => `from ${whole(from)}`}
          />
        </div>
      </Panel>
    </div>
  );
}

type Last = NonNullable<InsideReply['predictions']['last']>;

function Calibration({ bins }: { bins: Last['calibration'] }) {
  const option = useMemo(() => calibrationOption(bins, theme.value), [bins, theme.value]);
  return (
    <Chart
      option={option}
      height={330}
      label="accuracy over confidence; on the diagonal both are equal"
    />
  );
}

/** `4`, `6–7`, or `45 on` for the last. */
function reach(from: number, next: number | undefined): string {
  if (next === undefined) return `${whole(from)} on`;
  return next === from + 1 ? whole(from) : `${whole(from)}–${whole(next - 1)}`;
}

interface BandsProps {
  readonly title: string;
  readonly bands: Last['positions'];
  /** What a band is called, by where it and the next begin. */
  readonly nameOf: (from: number, next: number | undefined) => string;
}

function Bands({ title, bands, nameOf }: BandsProps) {
  const most = Math.max(...bands.map(({ loss }) => loss ?? 0), 1e-9);
  return (
    <table class="bars">
      <caption>{title}</caption>
      <tbody>
        {bands
          .map((band, i) => ({ ...band, name: nameOf(band.from, bands[i + 1]?.from) }))
          .filter(({ tokens }) => tokens > 0)
          .map((band) => (
            <tr key={band.from}>
              <th scope="row" class="mono">
                {band.name}
              </th>
              <td class="right mono">{figure(band.loss)}</td>
              <td>
                <div class="bar" style={{ width: `${(100 * (band.loss ?? 0)) / most}%` }} />
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
