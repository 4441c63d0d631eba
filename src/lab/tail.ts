/** Following a file that grows in another process: only what is new is read, whatever happens to the file. */
import fs from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { irregularKind, NO_WAIT } from '../util/read-file.js';

/** So much is read before other work has its turn. */
const CHUNK = 1 << 20;
/** A line longer than that is none of ours: it is passed over. */
const LONGEST_LINE = 1 << 20;
/** Bytes before the offset that are looked at again, to see that the file is still the same one. */
const MEMORY = 64;

/** A link is not followed: the file that it names may lie anywhere. */
export const OPEN_FLAGS = NO_WAIT | (fs.constants.O_NOFOLLOW ?? 0);

/** Takes whole lines: the bytes from `start` to `end`, without the line's end. */
export type LineReader = (bytes: Buffer, start: number, end: number) => void;

/** What a tail does with a file. */
export interface TailOptions {
  onLine: LineReader;
  /** The file was cut, replaced or removed: what was read from it does not count any more. */
  onReset: () => void;
  /** Bytes after which reading ends for good, so that no file fills the memory. */
  mostBytes: number;
}

/**
 * Reads a file's new whole lines at each `read()`. A last line without an end waits for its rest. A file that
 * was cut back, replaced or is gone is begun anew; what is no regular file, or a link, counts as not there.
 */
export class Tail {
  #offset = 0;
  #identity = '';
  /** The bytes before the offset: a file cut back and grown again has others. */
  #before = Buffer.alloc(0);
  /** The beginning of a line whose end has not come; undefined while a line too long is passed over. */
  #rest: Buffer | undefined = Buffer.alloc(0);

  constructor(
    readonly path: string,
    private readonly options: TailOptions,
  ) {}

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Reads what is new. @returns whether anything changed. */
  async read(): Promise<boolean> {
    let descriptor: number;
    try {
      descriptor = fs.openSync(this.path, OPEN_FLAGS);
    } catch {
      return this.#reset();
    }
    try {
      const stat = fs.fstatSync(descriptor);
      if (irregularKind(stat) !== undefined) return this.#reset();
      let changed = false;
      const identity = `${stat.dev} ${stat.ino}`;
      if (identity !== this.#identity || !this.#isSame(descriptor, stat.size)) {
        changed = this.#reset();
        this.#identity = identity;
      }
      const buffer = Buffer.alloc(Math.min(CHUNK, Math.max(1, stat.size - this.#offset)));
      while (this.#offset < this.options.mostBytes) {
        const count = fs.readSync(descriptor, buffer, 0, buffer.length, this.#offset);
        if (count === 0) break;
        this.#take(buffer.subarray(0, count));
        changed = true;
        if (count === buffer.length) await nextTurn();
      }
      return changed;
    } catch {
      return false; // a disk that refuses now may do better at the next look
    } finally {
      fs.closeSync(descriptor);
    }
  }

  #isSame(descriptor: number, size: number): boolean {
    if (size < this.#offset) return false;
    const now = Buffer.alloc(this.#before.length);
    fs.readSync(descriptor, now, 0, now.length, this.#offset - now.length);
    return now.equals(this.#before);
  }

  #reset(): boolean {
    const had = this.#offset > 0;
    this.#offset = 0;
    this.#identity = '';
    this.#before = Buffer.alloc(0);
    this.#rest = Buffer.alloc(0);
    if (had) this.options.onReset();
    return had;
  }

  #take(chunk: Buffer): void {
    this.#offset += chunk.length;
    const memory = Buffer.concat([this.#before, chunk.subarray(-MEMORY)]);
    this.#before = memory.subarray(-MEMORY);
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(10, start);
      if (end < 0) break;
      if (this.#rest === undefined) this.#rest = Buffer.alloc(0);
      else if (this.#rest.length === 0) this.options.onLine(chunk, start, end);
      else {
        const line = Buffer.concat([this.#rest, chunk.subarray(start, end)]);
        this.#rest = Buffer.alloc(0);
        this.options.onLine(line, 0, line.length);
      }
      start = end + 1;
    }
    if (this.#rest === undefined) return;
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(start)]);
    if (this.#rest.length > LONGEST_LINE) this.#rest = undefined;
  }
}
