/** Units over time: dark where a unit stayed in its flat region for a whole batch. */
import { useEffect, useRef } from 'preact/hooks';
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { INK } from '../charts/palette.js';
import { whole } from '../format.js';
import { cursor, theme } from '../state.js';

/** Rows of pixels: of more units, neighbours share one, the darker the more of them are silent. */
const MOST_ROWS = 256;

type Units = InsideReply['units'][number];

function bitsOf(packed: string | null, units: number): Uint8Array {
  const bits = new Uint8Array(units);
  if (!packed) return bits;
  const bytes = atob(packed);
  for (let i = 0; i < units; i++) bits[i] = ((bytes.charCodeAt(i >> 3) || 0) >> (i & 7)) & 1;
  return bits;
}

/** Whether any unit was silent at any step: base64 of zeros alone is all A. */
export function wasSilent({ silent }: Units): boolean {
  return silent.some((packed) => packed !== null && /[^A=]/.test(packed));
}

/** Layers of which there is nothing to draw. */
export function AllAwake({ layers }: { layers: readonly Units[] }) {
  if (layers.length === 0) return null;
  const names = layers.map(({ path, units }) => `${path} (${whole(units)})`);
  return <p class="note">No unit was ever silent in {names.join(', ')}.</p>;
}

/** Column by column a measured step, row by row a unit. */
export function UnitMap({ layer, steps }: { layer: Units; steps: readonly number[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { units, silent, path } = layer;
  const rows = Math.min(MOST_ROWS, units);
  useEffect(() => {
    const place = canvas.current!;
    const context = place.getContext('2d')!;
    const image = context.createImageData(Math.max(1, steps.length), rows);
    const dark = theme.value === 'dark';
    const [r, g, b] = dark ? [240, 131, 123] : [179, 38, 30];
    const group = units / rows;
    steps.forEach((_, x) => {
      const bits = bitsOf(silent[x] ?? null, units);
      for (let y = 0; y < rows; y++) {
        const [from, to] = [Math.floor(y * group), Math.floor((y + 1) * group)];
        let sum = 0;
        for (let i = from; i < to; i++) sum += bits[i]!;
        image.data.set(
          [r!, g!, b!, (255 * sum) / Math.max(1, to - from)],
          (y * steps.length + x) * 4,
        );
      }
    });
    context.putImageData(image, 0, 0);
  }, [layer, steps.length, theme.value]);
  const move = (event: PointerEvent) => {
    const { left, width } = canvas.current!.getBoundingClientRect();
    const i = Math.floor(((event.clientX - left) / width) * steps.length);
    if (steps[i] !== undefined) cursor.value = { axis: 'step', x: steps[i]! };
  };
  const now = cursor.value;
  const at = now?.axis === 'step' ? steps.findLastIndex((step) => step <= now.x) : -1;
  const last = layer.dead.at(-1) ?? 0;
  const ink = INK[theme.value];
  return (
    <figure class="unit-map">
      <figcaption>
        <span class="path">{path}</span>{' '}
        <span class="faint">
          {layer.activation}, {whole(units)} units
        </span>
        <span class="grow" />
        <b class={last ? 'bad' : ''}>{whole(last)} dead</b>
        <span class="faint">
          {last && layer.since.at(-1) !== null ? ` since step ${whole(layer.since.at(-1)!)}` : ''}
        </span>
      </figcaption>
      <div class="map-place" style={{ background: ink.ground }}>
        <canvas
          ref={canvas}
          width={Math.max(1, steps.length)}
          height={rows}
          role="img"
          aria-label={`${path}: ${last} of ${units} units dead at the last measured step`}
          onPointerMove={move}
          onPointerLeave={() => (cursor.value = null)}
        />
        {at >= 0 && (
          <div class="map-cursor" style={{ left: `${((at + 0.5) / steps.length) * 100}%` }} />
        )}
      </div>
    </figure>
  );
}
