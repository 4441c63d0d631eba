/** Which run a view is of. */
import { ordered } from '../state.js';
import { State } from './bits.js';

export function RunPicker({ name, href }: { name: string; href: (name: string) => string }) {
  const row = ordered.value.find((one) => one.name === name);
  return (
    <>
      <select
        aria-label="run"
        value={name}
        onChange={(event) => (location.hash = href(event.currentTarget.value))}
      >
        {ordered.value
          .filter(({ problem }) => problem === undefined)
          .map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
      </select>
      {row && <State row={row} />}
    </>
  );
}
