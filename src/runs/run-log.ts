/** A file that only grows: metrics, probes, samples. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { fileError, syncFolder } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { irregularKind, withOpenFile } from '../util/read-file.js';

/**
 * Appends at once, so that whoever watches the file sees each line as it is written; `sync` makes sure
 * of the disk, `truncate` goes back to an earlier length.
 */
export class RunLog {
  readonly #descriptor: number;
  #length: number;

  constructor(readonly path: string) {
    try {
      this.#descriptor = fs.openSync(path, 'a+');
      const kind = irregularKind(fs.fstatSync(this.#descriptor));
      if (kind !== undefined && kind !== 'a device') throw new UserError(`${path} is ${kind}.`);
      syncFolder(dirname(path)); // else a power cut could take the file's name away
      this.#length = fs.fstatSync(this.#descriptor).size;
    } catch (error) {
      throw fileError('cannot write', path, error);
    }
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  append(text: string): void {
    this.#attempt(() => {
      const bytes = Buffer.from(text, 'utf8');
      let done = 0;
      try {
        while (done < bytes.length) done += fs.writeSync(this.#descriptor, bytes, done);
      } catch (error) {
        if (done > 0) fs.ftruncateSync(this.#descriptor, this.#length); // no half a line
        throw error;
      }
      this.#length += bytes.length;
    });
  }

  sync(): void {
    this.#attempt(() => fs.fsyncSync(this.#descriptor));
  }

  /** Cuts it back to `length` bytes; a file that is shorter stays as it is. */
  truncate(length: number): void {
    if (this.#length <= length) return;
    this.#attempt(() => {
      fs.ftruncateSync(this.#descriptor, length);
      fs.fsyncSync(this.#descriptor);
      this.#length = length;
    });
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw fileError('cannot write', this.path, error);
    }
  }
}

/** So much of a file of lines is read: more than any run writes, less than one JavaScript string holds. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * The whole lines of a `.jsonl` file; a last line that was cut short, or is not JSON, is left out, and so
 * are lines that hold no object.
 *
 * @param lastBytes how much of its end to read. Default: 256 MiB.
 */
export function readJsonLines(file: string, lastBytes = MOST_BYTES): object[] {
  const values: object[] = [];
  for (const line of readEnd(file, lastBytes).split('\n')) {
    if (line === '') continue;
    try {
      const value = JSON.parse(line);
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) values.push(value);
    } catch {
      // A process was killed while it wrote this line, or the first one was cut here.
    }
  }
  return values;
}

/** The last bytes of a file; nothing of one that is not there. */
function readEnd(file: string, bytes: number): string {
  return withOpenFile(file, '', (descriptor, { size }) => {
    const end = Buffer.alloc(Math.min(size, bytes));
    let done = 0;
    for (let count = -1; count !== 0; done += count) {
      const at = size - end.length + done;
      count = fs.readSync(descriptor, end, done, end.length - done, at);
    }
    return end.toString('utf8', 0, done);
  });
}
