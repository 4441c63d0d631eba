/** Predictions: how sure, how right, where in the block, and on which tokens. */
import { useMemo } from 'preact/hooks';
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { calibrationOption } from '../charts/calibration.js';
import { predictionCharts } from '../charts/inside-parts.js';
import { loss, short, whole } from '../format.js';
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
          <Bands title="position in the block" bands={last.positions} unit="" />
          <Bands title="occurrences in the training text" bands={last.frequencies} unit="from " />
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
      height={210}
      label="accuracy over confidence; on the diagonal both are equal"
    />
  );
}

function Bands({ title, bands, unit }: { title: string; bands: Last['positions']; unit: string }) {
  const most = Math.max(...bands.map(({ loss }) => loss ?? 0), 1e-9);
  return (
    <table class="bars">
      <caption>{title}</caption>
      <tbody>
        {bands
          .filter(({ tokens }) => tokens > 0)
          .map((band) => (
            <tr key={band.from}>
              <th scope="row" class="mono">
                {unit}
                {short(band.from)}
              </th>
              <td class="right mono">{loss(band.loss)}</td>
              <td>
                <div class="bar" style={{ width: `${(100 * (band.loss ?? 0)) / most}%` }} />
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
