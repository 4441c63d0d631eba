/** Units over time: dark where a unit stayed in its flat region for a whole batch. */
import { useEffect, useRef } from 'preact/hooks';
import { INK } from '../charts/palette.js';
import { silentShares, type Units, unitRows } from '../charts/units.js';
import { whole } from '../format.js';
import { cursor, theme } from '../state.js';

/** Layers of which there is nothing to draw. */
export function AllAwake({ layers }: { layers: readonly Units[] }) {
  if (layers.length === 0) return null;
  const names = layers.map(({ path, units }) => `${path} (${whole(units)})`);
  return <p class="note">No unit was ever silent in {names.join(', ')}.</p>;
}

/** Column by column a measured step, row by row a unit. */
export function UnitMap({ layer, steps }: { layer: Units; steps: readonly number[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { units, path } = layer;
  const rows = unitRows(units);
  useEffect(() => {
    const place = canvas.current!;
    const context = place.getContext('2d')!;
    const image = context.createImageData(Math.max(1, steps.length), rows);
    const dark = theme.value === 'dark';
    const [r, g, b] = dark ? [240, 131, 123] : [179, 38, 30];
    silentShares(layer).forEach((column, x) => {
      column.forEach((share, y) => {
        image.data.set([r!, g!, b!, 255 * share], (y * steps.length + x) * 4);
      });
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
