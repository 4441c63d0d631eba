/** Attention heads: mean maps, made coarse, and how spread each is. */
import { useEffect, useRef } from 'preact/hooks';
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { figure } from '../format.js';
import { Panel, Scroll } from '../parts/bits.js';
import { theme } from '../state.js';

/** A square of shares: rows are queries, columns keys. */
export function Map2d({
  values,
  label,
  size = 96,
}: {
  values: readonly (readonly number[])[];
  label: string;
  size?: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const side = Math.max(1, values.length);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = context.createImageData(side, side);
    const [r, g, b] = theme.value === 'dark' ? [106, 169, 240] : [31, 95, 168];
    values.forEach((row, y) => {
      row.forEach((value, x) => {
        image.data.set(
          [r!, g!, b!, 255 * Math.sqrt(Math.max(0, Math.min(1, value)))],
          (y * side + x) * 4,
        );
      });
    });
    context.putImageData(image, 0, 0);
  }, [values, theme.value]);
  return (
    <canvas
      ref={canvas}
      class="map2d"
      width={side}
      height={side}
      style={{ width: `${size}px`, height: `${size}px` }}
      role="img"
      aria-label={label}
    />
  );
}

/** 1, 2, … numbers, row by row. */
function triangle(map: readonly (number | null)[], side: number): number[][] {
  let at = 0;
  return Array.from({ length: side }, (_, row) =>
    Array.from({ length: row + 1 }, () => map[at++] ?? 0),
  );
}

export function Heads({ attention }: { attention: InsideReply['attention'] }) {
  if (attention.length === 0) return null;
  return (
    <Panel
      title="Attention heads"
      id="attention"
      tools={
        <span class="faint">
          mean over the texts predicted; rows are queries, columns keys; spread is the entropy's
          share of the greatest possible
        </span>
      }
    >
      <Scroll label="every head" also="body">
        <table class="heads">
          <tbody>
            {attention.map(({ path, side, heads }) => (
              <tr key={path}>
                <th scope="row" class="mono">
                  {path}
                </th>
                {heads.map((head, h) => (
                  <td key={h}>
                    <Map2d
                      values={triangle(head.map, side)}
                      label={`${path}, head ${h}: spread ${figure(head.relative)}, first position ${figure(head.first)}, itself ${figure(head.self)}`}
                    />
                    <span class="faint mono">
                      {h}: {head.relative?.toFixed(2) ?? '–'}
                    </span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
