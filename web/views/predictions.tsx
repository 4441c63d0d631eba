/** Predictions: how sure, how right, where in the block, and on which tokens. */
import { useMemo } from 'preact/hooks';
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { lineOption } from '../charts/lines.js';
import { INK } from '../charts/palette.js';
import { loss, short, whole } from '../format.js';
import { Panel } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { SeriesPanel } from '../parts/series-panel.js';
import { theme } from '../state.js';

export function Predictions({ inside }: { inside: InsideReply }) {
  const { steps, predictions } = inside;
  const { last, entropy, confidence, accuracy, calibrationError } = predictions;
  const shares = useMemo(
    () => [
      { path: 'confidence', values: confidence },
      { path: 'accuracy', values: accuracy },
      { path: 'calibration error', values: calibrationError },
    ],
    [inside],
  );
  const nats = useMemo(
    () => [
      { path: 'entropy of the prediction', values: entropy },
      { path: 'loss of the batch', values: inside.loss },
    ],
    [inside],
  );
  if (!last) return null;
  return (
    <div class="grid2">
      <SeriesPanel
        title="Confidence and accuracy"
        id="predictions"
        steps={steps}
        parts={shares}
        height={190}
      />
      <SeriesPanel title="Entropy and loss, nats" steps={steps} parts={nats} height={190} />
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
  const option = useMemo(() => {
    const ink = INK[theme.value];
    const kept = bins.filter(
      ({ tokens, confidence, accuracy }) => tokens > 0 && confidence !== null && accuracy !== null,
    );
    return lineOption({
      axis: 'share',
      theme: theme.value,
      lines: [
        { name: 'perfect', color: ink.faint, dash: [3, 3], width: 1, x: [0, 1], y: [0, 1] },
        {
          name: 'measured',
          color: ink.series[0]!,
          dash: 'solid',
          symbols: true,
          x: kept.map(({ confidence }) => confidence!),
          y: kept.map(({ accuracy }) => accuracy!),
        },
      ],
      range: [0, 1],
    });
  }, [bins, theme.value]);
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
