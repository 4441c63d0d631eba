/** From the bytes of a text, perhaps compressed, to the text. */
import { addAbortSignal } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { StoppedError, UserError } from '../util/errors.js';
import { MAX_FILE_BYTES } from '../util/read-file.js';
import { decodeUtf8 } from './utf8.js';

export interface TextOfOptions {
  /** The most that may come out of the decompression. Default `MAX_FILE_BYTES`. */
  maxBytes?: number | undefined;
  /** Ends the decompression. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes UTF-8, after decompressing what is gzip by its first two bytes (which no UTF-8 text begins with).
 *
 * @param name what the bytes are, for the errors: a path or a URL.
 * @throws UserError as `decodeUtf8` does, and when the gzip is damaged or too large inside; StoppedError.
 */
export async function textOf(
  bytes: Uint8Array,
  name: string,
  options: TextOfOptions = {},
): Promise<string> {
  return decodeUtf8(isGzip(bytes) ? await decompressed(bytes, name, options) : bytes, name);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Piece by piece, on a thread of Node's: it ends as soon as there is too much, or when told to. */
async function decompressed(
  bytes: Uint8Array,
  name: string,
  { maxBytes = MAX_FILE_BYTES, signal }: TextOfOptions,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const stream = createGunzip({ chunkSize: 1 << 16 });
  if (signal) addAbortSignal(signal, stream);
  stream.end(bytes);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > maxBytes) {
        throw new UserError(
          `${name} holds more than ${maxBytes} bytes when decompressed, the most that one text may have ` +
            'here. Use a part of it.',
        );
      }
      pieces.push(piece);
    }
  } catch (error) {
    if (signal?.aborted) throw new StoppedError(`decompressing ${name} was stopped`);
    if (error instanceof UserError) throw error;
    throw new UserError(`${name} is a damaged gzip file: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return Buffer.concat(pieces, length);
}
