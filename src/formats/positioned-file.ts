/** A file that is read at any place, without waiting, and never further than it goes. */
import fs from 'node:fs';
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { irregularKind, NO_WAIT } from '../util/read-file.js';
import { ByteSource, requireLittleEndian } from './byte-source.js';

export class PositionedFile extends ByteSource {
  readonly size: number;
  readonly #descriptor: number;

  /** @throws UserError naming the file: where it is missing, no regular file, or cannot be read. */
  constructor(readonly path: string) {
    super();
    requireLittleEndian();
    try {
      this.#descriptor = fs.openSync(path, NO_WAIT);
    } catch (error) {
      throw fileError('cannot read', path, error);
    }
    const stat = fs.fstatSync(this.#descriptor);
    this.size = stat.size;
    if (stat.isFile()) return;
    this.close();
    throw new UserError(`${path}: is ${irregularKind(stat)}, not a file.`);
  }

  /** Fills `out` from `position` on. @throws UserError where the file ends before. */
  read(out: Uint8Array, position: number): void {
    let done = 0;
    try {
      while (done < out.byteLength) {
        const left = out.byteLength - done;
        const count = fs.readSync(this.#descriptor, out, done, left, position + done);
        if (count === 0) throw new UserError(`${this.path}: cut short while it was being read.`);
        done += count;
      }
    } catch (error) {
      throw fileError('cannot read', this.path, error);
    }
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}
