/** The ranks on this machine whose memory this one can read, and that can read its own. */
import { empty, withBackend } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { requireNative } from './native.js';
import type { ReadMemory } from './other-memory.js';

/** How long a rank waits to be ended by the launcher once another is gone, before it says so itself. */
const GRACE_MS = 2000;

/** Random numbers that others are to find here: another process, or another machine's, would hardly have them. */
const SIGNS = 4;

export interface NearbyLine {
  readonly rank: number;
  readonly size: number;
  /** Gives a rank numbers, and returns as many of its own. */
  swap(peer: number, numbers: Float64Array): Float64Array;
}

export class Nearby {
  /** Numbers of processes, by rank. */
  readonly #processes = new Map<number, number>();
  readonly #read: ReadMemory | null;

  /**
   * All ranks make one at the same time.
   *
   * @param read null where memory cannot be read.
   */
  constructor(line: NearbyLine, read: ReadMemory | null) {
    this.#read = read;
    const signs = Int32Array.from({ length: SIGNS }, () => (Math.random() * 2 ** 32) | 0);
    const shown = withBackend(requireNative(), () => empty([SIGNS], 'int32').retain());
    const seen = shown.empty([SIGNS], 'int32').retain();
    const { backend } = shown;
    const [at, place] = [shown.pointer as number, seen.pointer as number];
    backend.write(at, 'int32', signs);
    for (let distance = 1; distance < line.size; distance *= 2) {
      const peer = line.rank ^ distance;
      const [pid, address, ...theirs] = line.swap(peer, Float64Array.of(process.pid, at, ...signs));
      const found = new Int32Array(SIGNS);
      const isRead = read?.(pid!, address!, place, 4 * SIGNS) ?? false;
      if (isRead) backend.read(place, 'int32', found);
      const isRight = isRead && found.every((sign, i) => sign === theirs[i]);
      const [both] = line.swap(peer, Float64Array.of(isRight ? 1 : 0));
      if (isRight && both === 1) this.#processes.set(peer, pid!);
    }
    shown.dispose();
    seen.dispose();
  }

  has(rank: number): boolean {
    return this.#processes.has(rank);
  }

  /** @throws UserError when the rank is gone, unless the launcher ends this one first. */
  read(rank: number, from: number, to: number, bytes: number): void {
    if (bytes === 0 || this.#read!(this.#processes.get(rank)!, from, to, bytes)) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GRACE_MS);
    throw new UserError(`rank ${rank} can no longer be read: it has ended.`);
  }
}
