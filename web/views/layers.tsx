/** Statistics by layer, in the model's own order, at the step under the cursor. */
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { logarithm } from '../charts/inside-parts.js';
import { figure, whole } from '../format.js';
import { Panel, Scroll } from '../parts/bits.js';
import { focus } from '../parts/series-panel.js';
import { placeIn } from '../state.js';

type Cell = number | null | undefined;

interface Row {
  path: string;
  isParameter: boolean;
  mean?: Cell;
  std?: Cell;
  gradient?: Cell;
  update?: Cell;
  norm?: Cell;
  flat?: Cell;
  dead?: string;
}

function rowsAt(inside: InsideReply, at: number): Row[] {
  const rows = new Map<string, Row>();
  const row = (path: string, isParameter = false): Row => {
    const found = rows.get(path) ?? { path, isParameter };
    rows.set(path, found);
    return found;
  };
  for (const { path, mean, std, gradientStd } of inside.activations) {
    Object.assign(row(path), { mean: mean[at], std: std[at], gradient: gradientStd[at] });
  }
  for (const { path, gradNorm } of inside.layers) row(path).norm = gradNorm[at];
  for (const { path, flat, dead, units } of inside.units) {
    Object.assign(row(path), { flat: flat[at], dead: `${whole(dead[at] ?? 0)} / ${whole(units)}` });
  }
  for (const { path, std, updateToData, gradientToData } of inside.parameters) {
    const [s, g] = [std[at], gradientToData[at]];
    const gradient = s != null && g != null ? s * 10 ** g : null;
    Object.assign(row(path, true), { std: s, gradient, update: updateToData[at] });
  }
  return ordered([...rows.values()]);
}

/** A layer's parameters after its output: paths in the order in which their layers came first. */
function ordered(rows: Row[]): Row[] {
  const layers = rows.filter(({ isParameter }) => !isParameter);
  const parameters = new Set(rows.filter(({ isParameter }) => isParameter));
  const result: Row[] = [];
  for (const layer of layers) {
    result.push(layer);
    for (const one of parameters) {
      if (one.path.slice(0, one.path.lastIndexOf('.')) !== layer.path) continue;
      result.push(one);
      parameters.delete(one);
    }
  }
  return [...result, ...parameters];
}

export function Layers({ inside }: { inside: InsideReply }) {
  const { steps } = inside;
  const at = placeIn(steps);
  return (
    <Panel
      title="Layers"
      id="layers"
      tools={
        <>
          <span class="grow" />
          <span class="faint">step {whole(steps[at] ?? 0)}</span>
        </>
      }
    >
      <Scroll label="layers and parameters" also="tall">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">layer, parameter</th>
              <th scope="col" class="right">
                mean
              </th>
              <th scope="col" class="right">
                std
              </th>
              <th scope="col" class="right">
                gradient's std
              </th>
              <th scope="col" class="right">
                gradient norm
              </th>
              <th scope="col" class="right">
                log10 update / data
              </th>
              <th scope="col" class="right">
                flat
              </th>
              <th scope="col" class="right">
                dead units
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsAt(inside, at).map((row) => (
              <tr key={row.path} class={row.path === focus.value ? 'differs' : ''}>
                <th scope="row" class={`mono ${row.isParameter ? 'inner' : ''}`}>
                  <button
                    type="button"
                    onClick={() => (focus.value = row.path === focus.value ? undefined : row.path)}
                  >
                    {row.path || 'model'}
                  </button>
                </th>
                <td class="right mono">{cell(row.mean)}</td>
                <td class="right mono">{cell(row.std)}</td>
                <td class="right mono">{cell(row.gradient)}</td>
                <td class="right mono">{cell(row.norm)}</td>
                <td class={`right mono ${strange(row.update) ? 'bad' : ''}`}>
                  {row.update == null
                    ? ''
                    : `${logarithm(row.update)}${strange(row.update) ? ' !' : ''}`}
                </td>
                <td class="right mono">
                  {row.flat == null ? '' : `${(row.flat * 100).toFixed(1)} %`}
                </td>
                <td class="right mono">{row.dead ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function cell(value: Cell): string {
  return value == null ? '' : figure(value);
}

/** An order of magnitude and a half from the guide. */
function strange(update: Cell): boolean {
  return update != null && Math.abs(update + 3) > 1.5;
}
