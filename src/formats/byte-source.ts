/** Bytes of a file that are read at any place: on a disk, or in memory. */
import { UserError } from '../util/errors.js';
import { FLOAT_CODINGS, type FloatType } from './float-type.js';

/** Values that are in the buffer at once: 4 MiB of float32, enough for the disk to be what is waited for. */
export const CHUNK = 1024 * 1024;

/** @throws UserError on a machine whose numbers are stored the other way round than in these files. */
export function requireLittleEndian(): void {
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] === 1) return;
  throw new UserError(
    'files of tensors: this machine stores numbers big-endian, which is not supported',
  );
}

export abstract class ByteSource implements Disposable {
  /** How errors call it. */
  abstract readonly path: string;
  /** In bytes. */
  abstract readonly size: number;
  #buffer: Uint8Array | undefined;

  /** Fills `out` from `position` on. @throws UserError where the bytes end before. */
  abstract read(out: Uint8Array, position: number): void;

  abstract close(): void;

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

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A file's bytes that are in memory already. */
export class MemoryBytes extends ByteSource {
  readonly size: number;

  constructor(
    readonly path: string,
    readonly bytes: Uint8Array,
  ) {
    super();
    requireLittleEndian();
    this.size = bytes.byteLength;
  }

  read(out: Uint8Array, position: number): void {
    const part = this.bytes.subarray(position, position + out.byteLength);
    if (part.byteLength < out.byteLength) throw new UserError(`${this.path}: is cut short.`);
    out.set(part);
  }

  close(): void {}
}
