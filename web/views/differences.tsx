/** Settings of the runs compared, side by side: those that differ first and marked. */
import { signal } from '@preact/signals';
import { markOf } from '../charts/palette.js';
import { Check, Letter, Panel, Scroll } from '../parts/bits.js';
import { report, rows, theme } from '../state.js';

const all = signal(false);

function shown(value: unknown): string {
  if (value === undefined) return '–';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function Differences({ runs }: { runs: readonly string[] }) {
  const settings = runs.map((name) => rows.value.get(name)?.settings ?? {});
  const keys = [...new Set(settings.flatMap((one) => Object.keys(one)))];
  const values = new Map(keys.map((key) => [key, settings.map((one) => shown(one[key]))]));
  const isAlone = runs.length === 1;
  const differs = (key: string) => new Set(values.get(key)).size > 1;
  const different = keys.filter(differs);
  const listed =
    all.value || (isAlone && report.value)
      ? [...different, ...keys.filter((key) => !differs(key))]
      : different;
  return (
    <Panel
      title="Settings"
      tools={
        <>
          <span class="faint">
            {isAlone
              ? `${keys.length} settings`
              : `${different.length} differ, ${keys.length - different.length} are the same`}
          </span>
          <span class="grow" />
          <Check label="show all" value={all.value} onChange={(value) => (all.value = value)} />
        </>
      }
    >
      {listed.length === 0 ? (
        !isAlone && <p class="note">All settings are the same.</p>
      ) : (
        <Scroll label="settings of each run">
          <table>
            <thead>
              <tr>
                <th scope="col">setting</th>
                {runs.map((name, i) => (
                  <th scope="col" key={name} title={name}>
                    <Letter mark={markOf(i, theme.value)} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {listed.map((key) => (
                <tr key={key} class={differs(key) && all.value ? 'differs' : ''}>
                  <th scope="row">{key}</th>
                  {values.get(key)!.map((value, i) => (
                    <td
                      key={runs[i]}
                      class={`mono ${i > 0 && value !== values.get(key)![0] ? 'own' : ''}`}
                    >
                      {value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
