/** A file that is read at any place, without waiting, and never further than it goes. */
import fs from 'node:fs';
import os from 'node:os';
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { irregularKind, NO_WAIT } from '../util/read-file.js';
import { FLOAT_CODINGS, type FloatType } from './float-type.js';

/** Values that are in the buffer at once: 4 MiB of float32, enough for the disk to be what is waited for. */
export const CHUNK = 1024 * 1024;

/** @throws UserError on a machine whose numbers are stored the other way round than in these files. */
export function requireLittleEndian(): void {
  if (os.endianness() !== 'LE') {
    throw new UserError(
      'files of tensors: this machine stores numbers big-endian, which is not supported',
    );
  }
}

export class PositionedFile implements Disposable {
  readonly size: number;
  readonly #descriptor: number;
  #buffer: Uint8Array | undefined;

  /** @throws UserError naming the file: where it is missing, no regular file, or cannot be read. */
  constructor(readonly path: string) {
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

  /**
   * Reads `out.length` values of a tensor that begins at `position`, from its value `start` on.
   *
   * Values of a type of blocks (Q8_0) are decoded a block at a time, wherever `start` is.
   */
  readFloats(type: FloatType, position: number, start: number, out: Float32Array): void {
    const { blockSize, blockBytes, decode } = FLOAT_CODINGS[type];
    if (type === 'F32') {
      this.read(new Uint8Array(out.buffer, out.byteOffset, out.byteLength), position + start * 4);
      return;
    }
    this.#buffer ??= new Uint8Array(CHUNK * 2);
    const most = Math.floor(this.#buffer.length / blockBytes) * blockSize;
    const isBlocked = blockSize > 1;
    // Whole blocks, from the one that `start` is in to the last value's.
    const decoded = new Float32Array(isBlocked ? Math.min(most, out.length + 2 * blockSize) : 0);
    for (let done = 0; done < out.length; ) {
      const first = Math.floor((start + done) / blockSize); // block
      const skipped = start + done - first * blockSize;
      const count = Math.min(out.length - done, most - skipped);
      const blocks = Math.ceil((skipped + count) / blockSize);
      const bytes = this.#buffer.subarray(0, blocks * blockBytes);
      this.read(bytes, position + first * blockBytes);
      if (isBlocked) {
        decode(bytes, decoded);
        out.set(decoded.subarray(skipped, skipped + count), done);
      } else {
        decode(bytes, out.subarray(done, done + count));
      }
      done += count;
    }
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
