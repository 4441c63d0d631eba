/** The text on standard input, which can be read only once. */
import { addAbortSignal } from 'node:stream';
import { StoppedError, UserError } from '../util/errors.js';
import { MAX_FILE_BYTES } from '../util/read-file.js';
import { textOf } from './text-bytes.js';

/** How `--data` calls it. */
export const STANDARD_INPUT = '-';

let once: Promise<string> | undefined;

/**
 * All of standard input as text, the same each time. Compressed text is decompressed.
 *
 * @throws UserError when there is none, it is not UTF-8, or longer than a text may be; StoppedError when
 *   `signal` aborts the first reading.
 */
export function readStandardInput(signal?: AbortSignal): Promise<string> {
  once ??= read(process.stdin, signal);
  return once;
}

async function read(stream: NodeJS.ReadStream, signal: AbortSignal | undefined): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  if (signal) addAbortSignal(signal, stream);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_FILE_BYTES) {
        throw new UserError(
          `standard input goes on, more than the ${MAX_FILE_BYTES} bytes that may be read here. Give a part of it.`,
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
  return textOf(Buffer.concat(pieces, length), 'standard input');
}
