/** The embedding's plane: tokens that are used alike lie together. */
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { EmbeddingReply } from '../../src/lab/explorer/messages.js';
import { INK } from '../charts/palette.js';
import { scatterOption } from '../charts/scatter.js';
import { visible } from '../format.js';
import { Panel } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { theme, token } from '../state.js';
import { explore } from './model.js';

const reply = signal<EmbeddingReply | undefined>(undefined);
const problem = signal<string | undefined>(undefined);
const near = signal<EmbeddingReply['points'][number] | undefined>(undefined);

export function EmbeddingPlane({
  name,
  checkpoint,
}: {
  name: string;
  checkpoint: 'latest' | number;
}) {
  useEffect(() => {
    near.value = undefined;
    if (token.value) void explore('embedding', { name, checkpoint }, reply, problem);
  }, [name, checkpoint]);
  const { value } = reply;
  const kinds = useMemo(() => [...new Set(value?.points.map(({ kind }) => kind) ?? [])], [value]);
  const option = useMemo(
    () => value && scatterOption(value.points, kinds, theme.value, near.value?.id),
    [value, theme.value, near.value],
  );
  const pick = (x: number, y: number) => {
    if (!value) return;
    const [xs, ys] = [value.points.map((point) => point.x), value.points.map((point) => point.y)];
    const [w, h] = [Math.max(...xs) - Math.min(...xs) || 1, Math.max(...ys) - Math.min(...ys) || 1];
    const far = (point: { x: number; y: number }) =>
      Math.hypot((point.x - x) / w, (point.y - y) / h);
    near.value = value.points.reduce((best, point) => (far(point) < far(best) ? point : best));
  };
  const { series } = INK[theme.value];
  return (
    <Panel
      title="Embedding"
      tools={
        <span class="faint">
          {value &&
            `${value.dimensions} dimensions in two, with ${Math.round((value.share[0] + value.share[1]) * 100)} % of the variance${value.left > 0 ? `; the first ${value.points.length} tokens` : ''}`}
        </span>
      }
    >
      {problem.value && <p class="note">{problem.value}</p>}
      {option && value && (
        <Chart
          option={option}
          height={380}
          label={`${value.points.length} tokens in the plane of the two principal components`}
          onClick={pick}
        />
      )}
      <div class="legend">
        {kinds.map((kind, i) => (
          <span key={kind}>
            <span style={{ color: series[i % series.length] }}>●</span> {kind}
          </span>
        ))}
        {near.value && (
          <span>
            <b class="mono">{visible(near.value.text)}</b> token {near.value.id}, {near.value.kind}
          </span>
        )}
      </div>
    </Panel>
  );
}
