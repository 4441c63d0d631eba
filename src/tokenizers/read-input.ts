/** The text files that a tokenizer is trained on. */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { UserError } from '../util/errors.js';
import { MAX_FILE_BYTES, readRegularFile } from '../util/read-file.js';
import { characterAt } from './sentencepiece/utf8.js';

/**
 * The content of a file, unpacked where its name ends in `.gz`; `-` is standard input.
 *
 * @throws UserError where it cannot be read or is not UTF-8.
 */
export function readInput(path: string): string {
  const name = path === '-' ? 'standard input' : path;
  let bytes: Uint8Array;
  try {
    bytes = path === '-' ? readFileSync(0) : readRegularFile(path);
    if (path.endsWith('.gz')) bytes = gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES });
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`cannot read ${name}: ${(cause as Error).message}`, { cause });
  }
  if (!isUtf8(bytes)) throw new UserError(`${name} is not UTF-8 (byte ${firstBadByte(bytes)})`);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Offset of the first byte that begins no character. */
function firstBadByte(bytes: Uint8Array): number {
  let at = 0;
  for (let length = 1; at < bytes.length; at += length) {
    length = characterAt(bytes, at);
    if (length <= 0) break;
  }
  return at;
}
