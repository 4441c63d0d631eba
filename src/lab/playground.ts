/** The playground's server: files, and the texts of datasets, on this machine only. */
import fs from 'node:fs';
import { Hono } from 'hono';
import { loadText } from '../data/index.js';
import { PUBLIC_DATASETS } from '../data/public-datasets.js';
import { UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { guard } from './guard.js';
import { closeServer, listen, portOf } from './listen.js';
import { playgroundFiles } from './playground-files.js';

export interface PlaygroundOptions {
  /** 0 for any that is free. */
  port: number;
  /**
   * Whether the page is isolated, so that its threads may share memory. Default true; false shows it as a host without
   * these headers would.
   */
  isolated?: boolean | undefined;
}

export interface Playground extends AsyncDisposable {
  readonly url: string;
  close(): Promise<void>;
}

/** Beside what the Lab's page may do: workers made of a text, and files made to be saved. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' https://raw.githubusercontent.com",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Starts the playground on 127.0.0.1.
 *
 * @throws UserError where the port is taken, or the page was not built.
 */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { port: wanted, isolated = true } = options;
  const files = playgroundFiles();
  let port = wanted;
  const app = new Hono();
  app.use(guard(() => port));
  app.use(async (c, next) => {
    await next();
    c.header('Content-Security-Policy', POLICY);
    if (isolated) return;
    c.res.headers.delete('Cross-Origin-Opener-Policy');
    c.res.headers.delete('Cross-Origin-Embedder-Policy');
  });
  app.notFound((c) => c.text('there is nothing here.', 404));
  for (const [name, { file, type }] of files) {
    const at = name === 'index.html' ? '/' : `/${name}`;
    app.get(at, (c) =>
      c.body(new Uint8Array(fs.readFileSync(file)), 200, { 'Content-Type': type }),
    );
  }
  for (const name of Object.keys(PUBLIC_DATASETS)) {
    app.get(`/data/${name}.txt`, async (c) => {
      try {
        return c.text((await loadText(name)).text);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return c.text(oneLine(error.message), 502);
      }
    });
  }
  const server = await listen(app, wanted);
  port = portOf(server);
  const close = () => closeServer(server);
  return { url: `http://127.0.0.1:${port}/`, close, [Symbol.asyncDispose]: close };
}
