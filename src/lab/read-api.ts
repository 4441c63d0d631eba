/** What the page reads: runs, curves, a run's settings and samples, and the stream of changes. */
import path from 'node:path';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { RunConfig } from '../runs/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { runFolder } from './contained.js';
import { curveQuery, curvesOf } from './curves.js';
import type { Explorer } from './explorer/client.js';
import type { RunsChange, RunsReply, SeriesReply } from './protocol.js';
import { samplesOf } from './samples.js';
import type { RunStore } from './store.js';

/** Runs in one question for curves. */
const MOST_RUNS = 50;
/** Characters of a tensor's path. */
const MOST_PATTERN = 1000;
/** Pages that listen at once. */
const MOST_STREAMS = 32;
/** A line that says nothing keeps a connection from being taken for dead. */
const HEARTBEAT_MS = 15_000;

export function readApi(store: RunStore, explorer: Explorer): Hono {
  const api = new Hono();
  let streams = 0;
  /** Operations for a token, by run and by its settings as they were. */
  const counted = new Map<string, { config: RunConfig; flops: number }>();
  const flopsOf = async (name: string): Promise<number> => {
    const config = store.config(name);
    const known = counted.get(name);
    if (known?.config === config) return known.flops;
    const folder = runFolder(store.folder, name);
    const flops = await explorer.ask<number>({ kind: 'flops', folder });
    counted.set(name, { config, flops });
    return flops;
  };

  api.get('/runs', (c) => {
    const reply: RunsReply = {
      folder: path.basename(path.resolve(store.folder)),
      rows: store.rows(),
    };
    return c.json(reply);
  });

  api.get('/series', async (c) => {
    const names = c.req.queries('run') ?? [];
    if (names.length > MOST_RUNS) {
      throw new UsageError(`run: expected at most ${MOST_RUNS} runs, got ${names.length}.`);
    }
    const query = curveQuery((key) => c.req.query(key));
    const runs: SeriesReply['runs'][number][] = [];
    const notices: string[] = [];
    for (const name of names) {
      const config = store.config(name);
      let flops = 0;
      if (query.axis === 'flops') {
        try {
          flops = await flopsOf(name);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          notices.push(oneLine(error.message));
          continue;
        }
      }
      runs.push({ ...curvesOf(config, await store.series(name), query, flops), name });
    }
    const reply: SeriesReply = { axis: query.axis, runs, ...(notices.length > 0 && { notices }) };
    return c.json(reply);
  });

  api.get('/run', (c) => {
    const name = c.req.query('name') ?? '';
    const { imports: _, ...config } = store.config(name);
    return c.json({ config, samples: samplesOf(runFolder(store.folder, name)) });
  });

  api.get('/inside', async (c) => {
    const folder = runFolder(store.folder, c.req.query('name') ?? '');
    return c.json(await explorer.ask<object>({ kind: 'inside', folder }));
  });

  api.get('/tensors', async (c) => {
    const folder = runFolder(store.folder, c.req.query('name') ?? '');
    const pattern = (c.req.query('pattern') ?? '').slice(0, MOST_PATTERN);
    return c.json(await explorer.ask<object>({ kind: 'tensors', folder, pattern }));
  });

  api.get('/events', (c) => {
    if (streams >= MOST_STREAMS) {
      return c.json({ problem: `${MOST_STREAMS} pages are watching already.` }, 503);
    }
    streams++;
    return streamSSE(c, async (stream) => {
      let waiting: RunsChange[] = [];
      let wake: () => void = () => {};
      const stop = store.listen((change) => {
        waiting = [merge([...waiting, change])]; // a page that reads slowly gets the newest only
        wake();
      });
      stream.onAbort(() => wake());
      try {
        await stream.writeSSE({ event: 'hello', data: '{}' });
        while (!stream.aborted && !stream.closed) {
          const [change] = waiting;
          waiting = [];
          if (change) await stream.writeSSE({ event: 'runs', data: JSON.stringify(change) });
          else if (!(await sleepUnless((resolve) => (wake = resolve)))) {
            await stream.writeSSE({ event: 'idle', data: '{}' });
          }
        }
      } finally {
        stop();
        streams--;
      }
    });
  });
  return api;
}

/** Waits to be woken: true, or false after a while. */
function sleepUnless(onWake: (resolve: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), HEARTBEAT_MS);
    timer.unref();
    onWake(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function merge(changes: readonly RunsChange[]): RunsChange {
  const rows = new Map(changes.flatMap((change) => change.rows).map((row) => [row.name, row]));
  const gone = new Set<string>();
  for (const change of changes) {
    for (const name of change.gone) gone.add(name);
    for (const { name } of change.rows) gone.delete(name);
  }
  for (const name of gone) rows.delete(name);
  return { rows: [...rows.values()], gone: [...gone] };
}
