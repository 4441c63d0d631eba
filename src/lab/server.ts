/** The Lab's server: the page, what it reads, and what it asks to be done, on this machine only. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { UsageError, UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { actApi } from './act-api.js';
import { NoRunError } from './contained.js';
import { exploreApi } from './explore-api.js';
import { Explorer } from './explorer/client.js';
import { guard, MOST_BODY, makeToken, requireToken } from './guard.js';
import { closeServer, listen, portOf } from './listen.js';
import { readApi } from './read-api.js';
import { RunStore } from './store.js';
import { Trainings } from './trainings.js';
import { DIST, WEB } from './web-folder.js';

export interface LabOptions {
  /** The folder that holds the runs. */
  folder: string;
  /** 0 for any that is free. */
  port: number;
  /** Hears of faults of ours, which the page is told of in a word only. */
  onFault?: (error: unknown) => void;
}

export interface Lab extends AsyncDisposable {
  readonly port: number;
  /** Without it, the page shows and changes nothing. */
  readonly token: string;
  /** The page's address with the token, which stays in the browser: a fragment is not sent. */
  readonly url: string;
  close(): Promise<void>;
}

/** The command line, by which runs are started, and the process that opens models. */
const PROGRAM = fileURLToPath(new URL('cli/main.js', DIST));
const EXPLORER = fileURLToPath(new URL('cli/lab-explorer.js', DIST));
const FILES: Readonly<Record<string, { file: string; type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/app.js': { file: 'app.js', type: 'text/javascript; charset=utf-8' },
  '/charts.js': { file: 'charts.js', type: 'text/javascript; charset=utf-8' },
  '/app.css': { file: 'app.css', type: 'text/css; charset=utf-8' },
  '/favicon.svg': { file: 'favicon.svg', type: 'image/svg+xml' },
};

/**
 * Starts the Lab on 127.0.0.1.
 *
 * @throws UserError where the port is taken, or the page was not built.
 */
export async function startLab({ folder, port: wanted, onFault }: LabOptions): Promise<Lab> {
  const files = readPage();
  const store = new RunStore(path.resolve(folder));
  const token = makeToken();
  const explorer = new Explorer(EXPLORER, (error) => onFault?.(error));
  const trainings = new Trainings(path.resolve(folder), PROGRAM);
  let port = wanted;
  const app = new Hono();
  app.use(guard(() => port));
  app.use(bodyLimit({ maxSize: MOST_BODY, onError: (c) => c.json({ problem: 'too much.' }, 413) }));
  app.onError((error, c) => {
    const known = error instanceof UserError;
    if (!known) onFault?.(error);
    const problem = known ? oneLine(error.message) : 'a fault in the Lab; the terminal says more.';
    const status =
      error instanceof NoRunError ? 404 : error instanceof UsageError ? 400 : known ? 422 : 500;
    return c.json({ problem }, status);
  });
  app.notFound((c) => c.json({ problem: 'there is nothing here.' }, 404));
  app.post('/api/*', requireToken(token));
  app.route('/api', readApi(store, explorer));
  app.route('/api/explore', exploreApi(store, explorer, WEB));
  app.route('/api', actApi(store, trainings));
  for (const [at, { type, bytes }] of files) {
    app.get(at, (c) => c.body(bytes, 200, { 'Content-Type': type }));
  }
  const server = await listen(app, wanted);
  port = portOf(server);
  const close = () => {
    explorer.close();
    return closeAll(server, store);
  };
  const url = `http://127.0.0.1:${port}/#token=${token}`;
  return { port, token, url, close, [Symbol.asyncDispose]: close };
}

function readPage(): Map<string, { type: string; bytes: Uint8Array<ArrayBuffer> }> {
  try {
    return new Map(
      Object.entries(FILES).map(([at, { file, type }]) => [
        at,
        { type, bytes: new Uint8Array(fs.readFileSync(`${WEB}${file}`)) },
      ]),
    );
  } catch (cause) {
    throw new UserError('the page of the Lab is not there: build it with `npm run build`.', {
      cause,
    });
  }
}

function closeAll(server: ServerType, store: RunStore): Promise<void> {
  store.close();
  return closeServer(server);
}
