/** Fetching a file over HTTP so that it arrives whole and right, or not at all. */
import { createHash } from 'node:crypto';
import { AtomicFile } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';

/** How far a download has come. `total` is missing where the server does not say. */
export interface DownloadProgress {
  readonly url: string;
  /** Bytes so far. */
  readonly received: number;
  /** Bytes in all. */
  readonly total: number | undefined;
}

export interface DownloadOptions {
  /** Expected SHA-256 of the whole file, in hex. Default: not checked. */
  sha256?: string;
  /** Called as bytes arrive, and once at the end. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Called with the complete bytes before they take the target's place; throws to refuse them. */
  check?: (bytes: Uint8Array) => void;
  /** Milliseconds until the server must have answered. Default 5,000: offline, one should not wait. */
  connectTimeout?: number | undefined;
  /** Milliseconds that may pass without a byte. Default 15,000. */
  stallTimeout?: number | undefined;
  /** Stops the download (as on Ctrl-C) and removes what has come of it. */
  signal?: AbortSignal | undefined;
}

/**
 * Why a download failed.
 *
 * - `unreachable`: no answer from the address itself (no network, no such host, refused, no answer in
 *   time, or a proxy that answers in its place).
 * - `http`: the server answered with an error.
 * - `interrupted`: the bytes stopped coming, or came short.
 * - `checksum`: all bytes came, but not the expected ones.
 */
export type DownloadFailure = 'unreachable' | 'http' | 'interrupted' | 'checksum';

export class DownloadError extends UserError {
  readonly reason: DownloadFailure;

  constructor(reason: DownloadFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** Statuses that a proxy or gateway gives when it does not let one through to the address. */
const NOT_LET_THROUGH = new Set([403, 407, 451, 502, 503, 504, 511]);

/**
 * Fetches `url` into the file `target`, streaming it to a temporary file beside it.
 *
 * @throws DownloadError, UserError where the file cannot be written, or what `check` throws. Whatever
 *   is thrown, `target` is as it was before and nothing is left beside it.
 */
export async function download(
  url: string,
  target: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { onProgress, connectTimeout = 5_000, stallTimeout = 15_000 } = options;
  using file = new AtomicFile(target); // first: an unwritable folder should not cost a download
  using watchdog = new Watchdog(options.signal);

  watchdog.set(connectTimeout);
  const response = await request(url, watchdog.signal, connectTimeout).catch((error: unknown) => {
    throwIfStopped(url, options.signal);
    throw error;
  });
  const total = expectedLength(response);
  const hash = createHash('sha256');
  const pieces: Uint8Array[] = [];
  let received = 0;
  onProgress?.({ url, received, total });
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    watchdog.set(stallTimeout);
    const { done, value } = await reader.read().catch((error: unknown) => {
      throwIfStopped(url, options.signal);
      throw interrupted(url, received, total, watchdog.signal.aborted ? stallTimeout : 0, error);
    });
    if (done) break;
    file.write(value);
    hash.update(value);
    if (options.check) pieces.push(value);
    received += value.byteLength;
    onProgress?.({ url, received, total });
  }
  if (total !== undefined && received !== total) throw interrupted(url, received, total, 0);

  const digest = hash.digest('hex');
  if (options.sha256 !== undefined && digest !== options.sha256) {
    throw new DownloadError(
      'checksum',
      `${url} gave a file with a wrong checksum: expected SHA-256 ${options.sha256}, got ${digest} ` +
        `(${received} bytes). It was not kept. Try again; if it stays so, the file there has changed, ` +
        'or something between here and there changes it.',
    );
  }
  options.check?.(Buffer.concat(pieces));
  file.commit();
}

/** Aborts its signal when it is not set anew in time, or when the outer one is aborted. */
class Watchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(outer?: AbortSignal) {
    this.#outer = outer;
    outer?.addEventListener('abort', this.#abort);
    if (outer?.aborted) this.#abort();
  }

  readonly #abort = (): void => this.#controller.abort();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#abort, milliseconds);
  }

  /** Also closes the connection, should it still be open. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }
}

async function request(url: string, signal: AbortSignal, timeout: number): Promise<Response> {
  let response: Response;
  try {
    // Compressed transfers would make the length say nothing about the bytes that arrive.
    response = await fetch(url, { signal, headers: { 'accept-encoding': 'identity' } });
  } catch (error) {
    const why = signal.aborted ? `no answer within ${timeout / 1000} s` : rootMessage(error);
    throw new DownloadError(
      'unreachable',
      `could not reach ${url}: ${why}. Check the network, or fetch the file by other means and give its path.`,
      error,
    );
  }
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw new DownloadError(
      NOT_LET_THROUGH.has(response.status) ? 'unreachable' : 'http',
      `could not fetch ${url}: the server answered ${status}. Check the address, or fetch the file ` +
        'by other means and give its path.',
    );
  }
  return response;
}

function throwIfStopped(url: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new DownloadError('interrupted', `the download of ${url} was stopped. Nothing was kept.`);
}

function expectedLength(response: Response): number | undefined {
  const length = response.headers.get('content-length');
  const encoded = response.headers.get('content-encoding') ?? 'identity';
  return length === null || encoded !== 'identity' ? undefined : Number(length);
}

function interrupted(
  url: string,
  received: number,
  total: number | undefined,
  stalled: number,
  cause?: unknown,
): DownloadError {
  const got = total === undefined ? `${received} bytes` : `${received} of ${total} bytes`;
  const why = stalled > 0 ? `, after ${stalled / 1000} s without a byte` : '';
  return new DownloadError(
    'interrupted',
    `the download of ${url} broke off after ${got}${why}. Nothing was kept; try again.`,
    cause,
  );
}

/** `fetch failed` says nothing; the reason is in the chain of causes. */
function rootMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error) {
    const inner = current instanceof AggregateError ? current.errors[0] : current.cause;
    if (!(inner instanceof Error)) break;
    current = inner;
  }
  return current instanceof Error ? current.message : String(current);
}
