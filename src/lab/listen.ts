/** A server of this machine's own. */
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { UsageError, UserError } from '../util/errors.js';

/** Connections at once: more than a browser opens for all of its pages. */
const MOST_CONNECTIONS = 128;

/** Serves on 127.0.0.1. @param port 0 for any that is free. @throws UserError where it is taken, UsageError for what is no port. */
export function listen(app: Hono, port: number): Promise<ServerType> {
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new UsageError(`--port ${port}: expected a whole number from 0 to 65535.`);
  }
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, () => resolve(server));
    if ('maxConnections' in server) server.maxConnections = MOST_CONNECTIONS;
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const problem = taken
        ? 'is taken: name another one, or 0 for any that is free'
        : error.message;
      reject(new UserError(`--port ${port}: ${problem}.`, { cause: error }));
    });
  });
}

/** The port that it listens on. */
export function portOf(server: ServerType): number {
  return (server.address() as AddressInfo).port;
}

export function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
