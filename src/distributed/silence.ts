/** Finding the rank that hangs, among all those that wait for it or for one another. */
import { UsageError, UserError } from '../util/errors.js';
import type { MpiLibrary } from './mpi-library.js';

/** Says how many seconds a rank may be silent. */
export const LIMIT_VARIABLE = 'NANOGPT_RANK_TIMEOUT';
/** Long: a rank may be scoring a large split, or writing a checkpoint to a slow disk. */
const DEFAULT_LIMIT_SECONDS = 300;
/** Part of the limit after which a rank that waits says so. */
const NOTICE_AT = 0.25;

/** Seconds that a rank may be silent, as the environment wishes. @throws UsageError when that is no time. */
export function silenceLimit(text = process.env[LIMIT_VARIABLE]): number {
  if (text === undefined || text === '') return DEFAULT_LIMIT_SECONDS;
  const seconds = Number(text);
  if (seconds >= 1 && seconds < Infinity) return seconds;
  throw new UsageError(
    `${LIMIT_VARIABLE}: expected a number of seconds of at least 1, got ${JSON.stringify(text)}.`,
  );
}

/**
 * A rank that has waited for a while tells those that may be waiting for it that it is alive. Whoever has
 * waited as long as is allowed, and was not told so, waits for the one that hangs; the others leave it to that one to say so.
 */
export class Silence {
  readonly #mpi: MpiLibrary;
  readonly #limit: number;
  #hasTold = false;

  constructor(mpi: MpiLibrary, limitSeconds: number) {
    this.#mpi = mpi;
    this.#limit = limitSeconds * 1000;
  }

  /** A wait for `peer` has lasted for some milliseconds. @throws UserError when that is too long. */
  report(peer: number, waited: number, isFirst: boolean): void {
    if (isFirst) {
      this.#hasTold = false;
      for (const other of this.#partners()) this.#mpi.clearNotices(other); // of an earlier wait
    }
    if (waited >= this.#limit * NOTICE_AT && !this.#hasTold) {
      this.#hasTold = true;
      for (const other of this.#partners()) this.#mpi.notify(other);
    }
    const isOver = waited >= this.#limit && !this.#mpi.hasNotice(peer);
    if (!isOver && waited < 2 * this.#limit) return;
    throw new UserError(
      `rank ${peer} has not answered for ${Math.round(waited / 1000)} s: it hangs, or needs longer than ${LIMIT_VARIABLE} allows (${this.#limit / 1000} s).`,
    );
  }

  /** The ranks that may wait for this one: all others. */
  *#partners(): Iterable<number> {
    const { rank, size } = this.#mpi;
    for (let other = 0; other < size; other++) if (other !== rank) yield other;
  }
}
