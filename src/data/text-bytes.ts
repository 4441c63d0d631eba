/** From the bytes of a text, perhaps compressed, to the text. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../util/errors.js';
import { MAX_FILE_BYTES } from '../util/read-file.js';
import { decodeUtf8 } from './utf8.js';

/**
 * Decodes UTF-8, after decompressing what is gzip by its first two bytes (which no UTF-8 text begins with).
 *
 * @param name what the bytes are, for the errors: a path or an address.
 * @param maxBytes the most that may come out of the decompression. Default `MAX_FILE_BYTES`.
 * @throws UserError as `decodeUtf8` does, and when the gzip is damaged or too large inside.
 */
export async function textOf(
  bytes: Uint8Array,
  name: string,
  maxBytes = MAX_FILE_BYTES,
): Promise<string> {
  return decodeUtf8(isGzip(bytes) ? await decompressed(bytes, name, maxBytes) : bytes, name);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function decompressed(bytes: Uint8Array, name: string, maxBytes: number): Promise<Buffer> {
  try {
    // Asynchronous: it runs on a thread of Node's, and signals are heard meanwhile.
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new UserError(
        `${name} holds more than ${maxBytes} bytes when decompressed, the most that one text may have ` +
          'here. Use a part of it.',
        { cause: error },
      );
    }
    throw new UserError(`${name} is a damaged gzip file: ${message}.`, { cause: error });
  }
}
