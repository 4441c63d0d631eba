/** Reading files that somebody else named: never waiting on a pipe, never more than fits. */
import { constants } from 'node:buffer';
import fs from 'node:fs';
import { fileError } from './atomic-file.js';
import { UserError } from './errors.js';

/** The most that one text may have, so that one JavaScript string holds it: about 2²⁹ bytes. */
export const MAX_FILE_BYTES: number = constants.MAX_STRING_LENGTH;

/** How to open a file for reading so that a pipe with nobody at its other end does not block for ever. */
export const NO_WAIT = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/**
 * The bytes of a regular file.
 *
 * It is opened without waiting, so that a pipe with nobody at its other end does not block for ever; and
 * read in pieces, so that a file which says it is empty and is not (as below `/proc`) is bounded too.
 *
 * @param maxBytes the most to take. Default `MAX_FILE_BYTES`.
 * @throws UserError when it is no regular file, is larger, or cannot be read.
 */
export function readRegularFile(file: string, maxBytes = MAX_FILE_BYTES): Buffer<ArrayBuffer> {
  let descriptor: number | undefined;
  try {
    // What it is, is asked before it is opened, too: opening some devices does something.
    checkRegular(file, fs.statSync(file));
    descriptor = fs.openSync(file, NO_WAIT);
    const stat = fs.fstatSync(descriptor);
    checkRegular(file, stat);
    if (stat.size > maxBytes) throw tooLarge(file, `has ${stat.size} bytes`, maxBytes);
    return readAll(descriptor, file, stat.size, maxBytes);
  } catch (error) {
    throw fileError('cannot read', file, error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/**
 * What `read` makes of an open regular file; `absent` where there is none. For reading a part, or what grows.
 *
 * @throws UserError when it is no regular file, or cannot be read.
 */
export function withOpenFile<T>(
  file: string,
  absent: T,
  read: (descriptor: number, stat: fs.Stats) => T,
): T {
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, NO_WAIT);
    const stat = fs.fstatSync(descriptor);
    checkRegular(file, stat);
    return read(descriptor, stat);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent;
    throw fileError('cannot read', file, error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

function readAll(
  descriptor: number,
  file: string,
  size: number,
  maxBytes: number,
): Buffer<ArrayBuffer> {
  let bytes = Buffer.alloc(size + 1); // the one more tells that the end was reached
  let length = 0;
  for (;;) {
    const read = fs.readSync(descriptor, bytes, length, bytes.length - length, null);
    if (read === 0) return bytes.subarray(0, length);
    length += read;
    if (length > maxBytes) throw tooLarge(file, 'goes on', maxBytes);
    if (length === bytes.length) {
      const larger = Buffer.alloc(Math.max(1 << 16, length * 2));
      bytes.copy(larger);
      bytes = larger;
    }
  }
}

/** What kind of thing it is, where it is no regular file; undefined where it is. */
export function irregularKind(stat: fs.Stats): string | undefined {
  if (stat.isFile()) return undefined;
  if (stat.isDirectory()) return 'a folder';
  if (stat.isFIFO()) return 'a pipe';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

function checkRegular(file: string, stat: fs.Stats): void {
  const kind = irregularKind(stat);
  if (kind === undefined) return;
  const remedy = kind === 'a pipe' ? ' Read it from standard input instead.' : '';
  throw new UserError(`${file} is ${kind}: expected a file.${remedy}`);
}

function tooLarge(file: string, what: string, maxBytes: number): UserError {
  return new UserError(
    `${file} ${what}, more than the limit of ${maxBytes} bytes. Use a part of it.`,
  );
}
