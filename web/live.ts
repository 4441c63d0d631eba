/** The stream of changes. */
import type { RunsChange, RunsReply } from '../src/lab/protocol.js';
import { get } from './api.js';
import { chosen, connected, folder, loaded, rows } from './state.js';

async function loadAll(): Promise<void> {
  const reply = await get<RunsReply>('/api/runs');
  folder.value = reply.folder;
  rows.value = new Map(reply.rows.map((row) => [row.name, row]));
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
    const next = new Map(rows.value);
    for (const row of change.rows) next.set(row.name, row);
    for (const name of change.gone) next.delete(name);
    rows.value = next;
  });
  source.addEventListener('error', () => {
    connected.value = false;
  });
}
