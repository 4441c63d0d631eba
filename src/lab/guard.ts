/**
 * Who may ask the Lab for anything: this machine's own page, and nobody else's.
 *
 * A page of any site can make a browser send requests to 127.0.0.1. Such a request carries the foreign `Origin`,
 * or, where the site's own name was made to point here (DNS rebinding), the foreign `Host`; both are refused. What
 * starts, stops or deletes also needs the token, which is in the address that was printed on the terminal and
 * nowhere else.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';

/** Bytes of a request's body: a prompt and a form are far smaller. */
export const MOST_BODY = 256 * 1024;
/** Characters of an address: a query names a few dozen runs. */
const MOST_URL = 16 * 1024;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** On every answer. The page may load what this server gives, and be shown by nobody else. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cache-Control': 'no-store',
};

/** A token that nobody guesses: 192 bits. */
export function makeToken(): string {
  return randomBytes(24).toString('base64url');
}

function refuse(c: Context, status: 400 | 403 | 413 | 414 | 415, problem: string) {
  return c.json({ problem }, status);
}

/** Refuses what does not come from this server's own page. @param port as it listens. */
export function guard(port: () => number): MiddlewareHandler {
  return async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    if (c.req.url.length > MOST_URL) return refuse(c, 414, 'the address is too long.');
    const host = c.req.header('host') ?? '';
    const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`);
    if (!hosts.includes(host)) return refuse(c, 403, 'this host is not the Lab.');
    const origin = c.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) {
      return refuse(c, 403, 'another site may not ask the Lab.');
    }
    const site = c.req.header('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return refuse(c, 403, 'another site may not ask the Lab.');
    }
    if (!['GET', 'HEAD', 'POST', 'DELETE'].includes(c.req.method)) {
      return refuse(c, 400, 'no such method.');
    }
    return next();
  };
}

/** Lets through what carries the token, as `Authorization: Bearer …`; its body is JSON, and small. */
export function requireToken(token: string): MiddlewareHandler {
  const expected = Buffer.from(`Bearer ${token}`);
  return async (c, next) => {
    const got = Buffer.from(c.req.header('authorization') ?? '');
    if (got.length !== expected.length || !timingSafeEqual(got, expected)) {
      return refuse(
        c,
        403,
        'this needs the token: open the page by the whole address that `nanogpt lab` printed.',
      );
    }
    const type = c.req.header('content-type')?.split(';')[0];
    if (c.req.method === 'POST' && type !== 'application/json') {
      return refuse(c, 415, 'expected JSON.');
    }
    return next();
  };
}
