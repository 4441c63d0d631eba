/** A file that only grows: metrics, probes, samples. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { fileError, syncFolder } from '../util/atomic-file.js';

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
      while (done < bytes.length) done += fs.writeSync(this.#descriptor, bytes, done);
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

/** The whole lines of a `.jsonl` file; a last line that was cut short, or is not JSON, is left out. */
export function readJsonLines(file: string): unknown[] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError('cannot read', file, error);
  }
  const values: unknown[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      values.push(JSON.parse(line));
    } catch {
      // A process was killed while it wrote this line.
    }
  }
  return values;
}
