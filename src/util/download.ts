/** Fetching a file over HTTP so that it arrives whole and right, or not at all. */
import { createHash } from 'node:crypto';
import { AtomicFile } from './atomic-file.js';
import { UserError } from './errors.js';
import { MAX_FILE_BYTES } from './read-file.js';

/** How far a download has come. `total` is missing where the server does not say. */
export interface DownloadProgress {
  readonly url: string;
  /** Bytes so far. */
  readonly received: number;
  /** Bytes in all. */
  readonly total: number | undefined;
}

export interface ReceiveOptions {
  /**
   * The most bytes to take, counted after any decompression of the transfer. Refused at the header where
   * the server announces more, otherwise as soon as the count passes it. Default `MAX_FILE_BYTES`: no text may be longer.
   */
  maxBytes?: number | undefined;
  /** Called as bytes arrive, and once at the end. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Milliseconds until the server must have answered. Default 5,000: offline, one should not wait. */
  connectTimeout?: number | undefined;
  /** Milliseconds that may pass without a byte. Default 15,000. */
  stallTimeout?: number | undefined;
  /**
   * Milliseconds for the whole of it, so that a server which sends a byte now and then does not hold one
   * for ever. Default 20 minutes: the largest text at 3.6 Mbit/s.
   */
  totalTimeout?: number | undefined;
  /** Stops the download (as on Ctrl-C) and removes what has come of it. */
  signal?: AbortSignal | undefined;
}

export interface DownloadOptions extends ReceiveOptions {
  /** Expected SHA-256 of the whole file, in hex. Default: not checked. */
  sha256?: string | undefined;
  /** Called with the path of the complete file before it takes the target's place; throws to refuse it. */
  check?: ((file: string) => void | Promise<void>) | undefined;
}

/**
 * Why a download failed.
 *
 * - `unreachable`: no answer from the URL itself (no network, no such host, refused, no answer in
 *   time, or a proxy that answers in its place).
 * - `http`: the server answered with an error.
 * - `interrupted`: the bytes stopped coming, came short, or took too long.
 * - `too-large`: more bytes than are taken.
 * - `checksum`: all bytes came, but not the expected ones.
 */
export type DownloadFailure = 'unreachable' | 'http' | 'interrupted' | 'too-large' | 'checksum';

export class DownloadError extends UserError {
  readonly reason: DownloadFailure;
  /** The server's status, where it answered with an error. */
  readonly status: number | undefined;

  constructor(reason: DownloadFailure, message: string, cause?: unknown, status?: number) {
    super(message, { cause });
    this.reason = reason;
    this.status = status;
  }
}

/** Statuses that a proxy or gateway gives when it does not let one through to the URL. */
const NOT_LET_THROUGH = new Set([403, 407, 451, 502, 503, 504, 511]);

const CONNECT_MS = 5_000;
const STALL_MS = 15_000;
const TOTAL_MS = 20 * 60_000;

/**
 * Fetches `url` into the file `target`, streaming it to a temporary file beside it: no more than a piece
 * is ever in memory.
 *
 * @throws DownloadError, UserError where the file cannot be written, or what `check` throws. Whatever
 *   is thrown, `target` is as it was before and nothing is left beside it.
 */
export async function download(
  url: string,
  target: string,
  options: DownloadOptions = {},
): Promise<void> {
  using file = new AtomicFile(target); // first: an unwritable folder should not cost a download
  const hash = createHash('sha256');
  const received = await receive(url, options, (piece) => {
    file.write(piece);
    hash.update(piece);
  });
  const digest = hash.digest('hex');
  if (options.sha256 !== undefined && digest !== options.sha256) {
    throw new DownloadError(
      'checksum',
      `${url} gave a file with a wrong checksum: expected SHA-256 ${options.sha256}, got ${digest} ` +
        `(${received} bytes). It was not kept. Try again; if it stays so, the file there has changed, ` +
        'or something between here and there changes it.',
    );
  }
  await options.check?.(file.temporaryPath);
  file.commit();
}

/**
 * Fetches `url` piece by piece; returns how many bytes came.
 *
 * @throws DownloadError, or what `take` throws. The connection is then closed.
 */
export async function receive(
  url: string,
  options: ReceiveOptions,
  take: (piece: Uint8Array) => void,
): Promise<number> {
  const { onProgress, maxBytes = MAX_FILE_BYTES } = options;
  const { connectTimeout = CONNECT_MS, stallTimeout = STALL_MS } = options;
  using watchdog = new Watchdog(options.totalTimeout ?? TOTAL_MS, options.signal);
  /** What an abort meant: the user's wish, the whole time, or `otherwise`. */
  const meaning = (otherwise: DownloadError): DownloadError => {
    if (options.signal?.aborted) return stopped(url);
    return watchdog.isOver ? tooLong(url, watchdog.total) : otherwise;
  };

  watchdog.set(connectTimeout);
  const response = await request(url, watchdog.signal, connectTimeout).catch((error) => {
    throw error instanceof DownloadError ? meaning(error) : error;
  });
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes) throw tooLarge(url, `announces ${announced} bytes`, maxBytes);
  const total = expectedLength(response);
  let received = 0;
  onProgress?.({ url, received, total });
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    watchdog.set(stallTimeout);
    const { done, value } = await reader.read().catch((error: unknown) => {
      const stalled = watchdog.signal.aborted ? stallTimeout : 0;
      throw meaning(interrupted(url, received, total, stalled, error));
    });
    if (done) break;
    received += value.byteLength;
    if (received > maxBytes) throw tooLarge(url, 'goes on', maxBytes);
    take(value);
    onProgress?.({ url, received, total });
  }
  if (total !== undefined && received !== total) throw interrupted(url, received, total, 0);
  return received;
}

/** Aborts its signal when it is not set anew in time, when all the time is over, or when told to. */
class Watchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #whole: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    readonly total: number,
    outer?: AbortSignal,
  ) {
    this.#outer = outer;
    outer?.addEventListener('abort', this.#abort);
    if (outer?.aborted) this.#abort();
    this.#whole = setTimeout(() => {
      this.#isOver = true;
      this.#abort();
    }, total);
  }

  readonly #abort = (): void => this.#controller.abort();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether all the time is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#abort, milliseconds);
  }

  /** Also closes the connection, should it still be open. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#whole);
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
      `could not reach ${url}: ${why}. Check the network, or download the file by other means and give its path.`,
      error,
    );
  }
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw new DownloadError(
      NOT_LET_THROUGH.has(response.status) ? 'unreachable' : 'http',
      `could not fetch ${url}: the server answered ${status}. Check the URL, or fetch the file ` +
        'by other means and give its path.',
      undefined,
      response.status,
    );
  }
  return response;
}

function stopped(url: string): DownloadError {
  return new DownloadError('interrupted', `the download of ${url} was stopped. Nothing was kept.`);
}

function tooLong(url: string, total: number): DownloadError {
  return new DownloadError(
    'interrupted',
    `the download of ${url} was not done within ${total / 1000} s. Nothing was kept. Try again on a ` +
      'faster network, or fetch the file by other means and give its path.',
  );
}

function tooLarge(url: string, what: string, maxBytes: number): DownloadError {
  return new DownloadError(
    'too-large',
    `${url} ${what}, more than the ${maxBytes} bytes that are taken. Nothing was kept; use a part of it.`,
  );
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
