/** Any tensor by its path: histograms over time, and its statistics; those of another run below, mirrored. */
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { InsideReply, TensorReply, TensorsReply } from '../../src/lab/explorer/inside.js';
import { ApiProblem, get } from '../api.js';
import { INK } from '../charts/palette.js';
import { ridgelineOption, ridgesOf } from '../charts/ridgeline.js';
import { figure, short, whole } from '../format.js';
import { Panel, Trouble } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { ordered, placeIn, rows, theme } from '../state.js';

export const pattern = signal('');
const against = signal('');
const found = signal<TensorsReply>({ matches: 0, tensors: [] });
const others = signal<readonly TensorReply[]>([]);
const problem = signal<string | undefined>(undefined);

const KINDS = ['activation', 'gradient', 'weight', 'update'] as const;

function ask(name: string, wanted: string): Promise<TensorsReply> {
  return get(`/api/tensors?${new URLSearchParams({ name, pattern: wanted })}`);
}

export function Histograms({ name, inside }: { name: string; inside: InsideReply }) {
  const { tensors } = inside;
  const wanted = pattern.value || firstPattern(tensors);
  const version = rows.value.get(name)?.version;
  useEffect(() => {
    let isCurrent = true;
    const other = against.value;
    Promise.all([ask(name, wanted), other ? ask(other, wanted) : undefined])
      .then(([mine, theirs]) => {
        if (!isCurrent) return;
        found.value = mine;
        others.value = theirs?.tensors ?? [];
        problem.value = undefined;
      })
      .catch((error) => {
        if (isCurrent && error instanceof ApiProblem) problem.value = error.message;
      });
    return () => {
      isCurrent = false;
    };
  }, [name, wanted, against.value, version]);
  const probed = ordered.value.filter((row) => row.hasProbes && row.name !== name);
  return (
    <Panel
      title="Distributions"
      id="distributions"
      tools={
        <>
          <label class="field">
            tensor
            <input
              type="search"
              class="mono finder"
              list="tensor-paths"
              placeholder={firstPattern(tensors)}
              // Its own while it is typed in, since the panel is drawn anew as the run goes on.
              key={pattern.value}
              defaultValue={pattern.value}
              spellcheck={false}
              onChange={(event) => (pattern.value = event.currentTarget.value.trim())}
            />
          </label>
          <datalist id="tensor-paths">
            {KINDS.map((kind) => (
              <option key={kind} value={`${kind}:*`} />
            ))}
            {tensors.map(({ kind, path }) => (
              <option key={`${kind}:${path}`} value={`${kind}:${path}`} />
            ))}
          </datalist>
          <label class="field">
            against
            <select
              value={against.value}
              onChange={(event) => (against.value = event.currentTarget.value)}
            >
              <option value="">no other run</option>
              {probed.map((row) => (
                <option key={row.name} value={row.name}>
                  {row.name}
                </option>
              ))}
            </select>
          </label>
          <span class="grow" />
          <span class="faint">
            {found.value.tensors.length} of {found.value.matches} that <code>{wanted}</code> names
          </span>
        </>
      }
    >
      <Trouble problem={problem.value} />
      {found.value.matches === 0 ? (
        <p class="note">
          No tensor is called so. <code>*</code> stands for any characters, and a kind may come
          first: <code>gradient:h.0.*</code>, <code>*.weight</code>, <code>update:*</code>.
        </p>
      ) : (
        <div class="ridges">
          {found.value.tensors.map((tensor) => (
            <TensorRidges
              key={`${tensor.kind}:${tensor.path}`}
              tensor={tensor}
              other={others.value.find(
                (one) => one.kind === tensor.kind && one.path === tensor.path,
              )}
            />
          ))}
        </div>
      )}
    </Panel>
  );
}

function firstPattern(tensors: InsideReply['tensors']): string {
  const first = tensors.find(({ kind }) => kind === 'activation') ?? tensors[0];
  return first ? `${first.kind}:*` : '*';
}

function TensorRidges({ tensor, other }: { tensor: TensorReply; other: TensorReply | undefined }) {
  const option = useMemo(() => {
    const { series } = INK[theme.value];
    const mirrored = other && ridgesOf(other);
    return ridgelineOption({
      ...{ rows: ridgesOf(tensor), theme: theme.value, colors: [series[0]!, series[1]!] },
      ...(mirrored && { mirrored }),
    });
  }, [tensor, other, theme.value]);
  const at = placeIn(tensor.steps);
  const one = tensor.statistics[at];
  const title = `${tensor.kind}:${tensor.path}`;
  return (
    <figure>
      <figcaption>
        <span class="path mono">{title}</span>
        {one && (one.nan > 0 || one.inf > 0) && (
          <b class="bad">
            {' '}
            {whole(one.nan)} NaN, {whole(one.inf)} infinite
          </b>
        )}
      </figcaption>
      <Chart
        option={option}
        height={300}
        label={`${title}: histograms from step ${tensor.steps[0]} to ${tensor.steps.at(-1)}`}
      />
      {one && (
        <p class="faint mono statistics">
          step {whole(tensor.steps[at] ?? 0)}: mean {figure(one.mean)}, std {figure(one.std)},{' '}
          {figure(one.min)} … {figure(one.max)}, norm {figure(one.norm)}, zeros{' '}
          {one.zeros === null ? '–' : `${(one.zeros * 100).toPrecision(3)} %`}, {short(one.count)}{' '}
          values
        </p>
      )}
    </figure>
  );
}
