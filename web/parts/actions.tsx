/** What may be done to a run: stop, go on, fork, sample, remove. */
import { signal } from '@preact/signals';
import type { LabRow } from '../../src/lab/protocol.js';
import { ApiProblem, download, post } from '../api.js';
import { hrefOf } from '../state.js';

const said = signal<{ name: string; text: string } | undefined>(undefined);
const asking = signal('');
const busy = signal('');

export async function act(
  name: string,
  what: string,
  body: object,
  after?: () => void,
): Promise<void> {
  busy.value = `${what} ${name}`;
  said.value = undefined;
  try {
    await post(`/api/${what}`, body);
    after?.();
  } catch (error) {
    if (error instanceof ApiProblem) said.value = { name, text: error.message };
  } finally {
    busy.value = '';
  }
}

/** One page with the curves and the inside of some runs, to keep or to send. */
export function ReportButton({ runs }: { runs: readonly string[] }) {
  const key = runs.join();
  const isBusy = busy.value === `report ${key}`;
  const keep = async () => {
    busy.value = `report ${key}`;
    said.value = undefined;
    try {
      const name = runs.length === 1 ? `${runs[0]}.html` : 'report.html';
      await download('/api/explore/report', { names: runs }, name);
    } catch (error) {
      if (error instanceof ApiProblem) said.value = { name: key, text: error.message };
    } finally {
      busy.value = '';
    }
  };
  return (
    <>
      {runs.length > 1 && said.value?.name === key && (
        <span class="bad" role="alert">
          {said.value.text}
        </span>
      )}
      <button type="button" disabled={busy.value !== ''} onClick={() => void keep()}>
        {isBusy ? 'writing …' : 'report'}
      </button>
    </>
  );
}

export function Actions({ row }: { row: LabRow }) {
  const { name, state } = row;
  const isBusy = busy.value !== '';
  const canResume = state === 'stopped' || state === 'failed';
  return (
    <>
      {said.value?.name === name && (
        <span class="bad" role="alert">
          {said.value.text}
        </span>
      )}
      {state === 'running' && (
        <button type="button" disabled={isBusy} onClick={() => void act(name, 'stop', { name })}>
          {busy.value === `stop ${name}` ? 'stopping …' : 'stop'}
        </button>
      )}
      {canResume && (
        <button
          type="button"
          class="primary"
          disabled={isBusy}
          onClick={() => void act(name, 'resume', { name, settings: {} })}
        >
          {busy.value === `resume ${name}` ? 'resuming …' : 'resume'}
        </button>
      )}
      <ReportButton runs={[name]} />
      <a class="button" href={hrefOf('new', name)}>
        fork
      </a>
      <a class="button" href={hrefOf('sample', name)}>
        sample
      </a>
      <a class="button" href={hrefOf('model', name)}>
        model
      </a>
      {state !== 'running' &&
        (asking.value === name ? (
          <>
            <span>Remove it with its checkpoints?</span>
            <button
              type="button"
              class="bad"
              onClick={() => void act(name, 'delete', { name }, () => (location.hash = hrefOf('')))}
            >
              remove
            </button>
            <button type="button" onClick={() => (asking.value = '')}>
              keep
            </button>
          </>
        ) : (
          <button type="button" onClick={() => (asking.value = name)}>
            remove …
          </button>
        ))}
    </>
  );
}
