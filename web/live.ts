/** The stream of changes. */
import type { LabRow, RunsChange, RunsReply } from '../src/lab/protocol.js';
import { get } from './api.js';
import { chosen, connected, folder, loaded, rows } from './state.js';

/** What the stream said while all runs were asked for: newer than the answer, or as new. */
const meanwhile = new Set<RunsChange[]>();

function changed(all: ReadonlyMap<string, LabRow>, { rows, gone }: RunsChange) {
  const next = new Map(all);
  for (const row of rows) next.set(row.name, row);
  for (const name of gone) next.delete(name);
  return next;
}

async function loadAll(): Promise<void> {
  const changes: RunsChange[] = [];
  meanwhile.add(changes);
  const reply = await get<RunsReply>('/api/runs').finally(() => meanwhile.delete(changes));
  folder.value = reply.folder;
  rows.value = changes.reduce(changed, new Map(reply.rows.map((row) => [row.name, row])));
  if (!loaded.value && chosen.value.length === 0) {
    const usable = reply.rows.filter((row) => row.problem === undefined && (row.steps ?? 0) > 0);
    chosen.value = usable.slice(0, 6).map((row) => row.name);
  }
  loaded.value = true;
}

/** Opens the stream; the browser opens it again when it breaks. */
export function follow(): void {
  // At once, for whoever waits; and again when the stream is open, so that no change falls between.
  void loadAll().catch(() => {});
  const source = new EventSource('/api/events');
  source.addEventListener('hello', () => {
    connected.value = true;
    void loadAll().catch(() => {
      connected.value = false;
    });
  });
  source.addEventListener('runs', (event) => {
    const change = JSON.parse(event.data) as RunsChange;
    for (const changes of meanwhile) changes.push(change);
    rows.value = changed(rows.value, change);
  });
  source.addEventListener('error', () => {
    connected.value = false;
  });
}
