/** Standard input, which can be read only once. */
import { addAbortSignal } from 'node:stream';
import { StoppedError, UserError } from '../util/errors.js';
import { MAX_FILE_BYTES } from '../util/read-file.js';

/** How `--data` calls it. */
export const STANDARD_INPUT = '-';

let once: Promise<Buffer> | undefined;

/**
 * All of standard input, the same each time.
 *
 * @throws UserError when it cannot be read or has more bytes than a text may have; StoppedError when
 *   `signal` aborts the first reading.
 */
export function readStandardInput(signal?: AbortSignal): Promise<Uint8Array> {
  once ??= read(process.stdin, signal);
  return once;
}

async function read(stream: NodeJS.ReadStream, signal: AbortSignal | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  if (signal) addAbortSignal(signal, stream);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_FILE_BYTES) {
        throw new UserError(
          `standard input has more than ${MAX_FILE_BYTES} bytes, the limit. Give a part of it.`,
        );
      }
      pieces.push(piece);
    }
  } catch (error) {
    if (signal?.aborted) throw new StoppedError('reading standard input was stopped');
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read standard input: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return Buffer.concat(pieces, length);
}
