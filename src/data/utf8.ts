/** Bytes to text, strictly: training on replacement characters would be a silent fault. */
import { constants, isUtf8 } from 'node:buffer';
import { UserError } from '../util/errors.js';

/**
 * Decodes UTF-8. A byte order mark in front is no part of the text and is dropped; line ends stay as
 * they are.
 *
 * @param name what the bytes are, for the errors: a path or a URL.
 * @throws UserError when there are no bytes, when they are not UTF-8 (naming the offset of the first
 *   byte that does not fit) or are UTF-16 that happens to be UTF-8 too (each other byte is zero), and when
 *   there are more than one JavaScript string can hold.
 */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  if (bytes.length === 0) throw new UserError(`${name} is empty: expected UTF-8 text.`);
  if (bytes.length > constants.MAX_STRING_LENGTH) {
    throw new UserError(
      `${name} has ${bytes.length} bytes, more than the ${constants.MAX_STRING_LENGTH} that one text ` +
        'may have here. Use a part of it.',
    );
  }
  if (!isUtf8(bytes)) {
    const utf16 =
      (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const wide = utf16 && bytes[0] === 0xff && bytes[2] === 0 && bytes[3] === 0 ? 32 : 16;
    const offset = firstInvalidByte(bytes);
    const hex = bytes[offset]!.toString(16).padStart(2, '0');
    const remedy = utf16
      ? `It begins like UTF-${wide}; convert it: iconv -f UTF-${wide} -t UTF-8.`
      : 'Convert it, for example from Latin-1: iconv -f ISO-8859-1 -t UTF-8.';
    throw new UserError(
      `${name} is not UTF-8 text: byte 0x${hex} at offset ${offset} does not fit. ${remedy}`,
    );
  }
  if (looksLikeUtf16(bytes)) {
    throw new UserError(
      `${name} looks like UTF-16 without a byte order mark: each other byte is zero. Convert it: ` +
        `iconv -f UTF-16${bytes[0] === 0 ? 'BE' : 'LE'} -t UTF-8.`,
    );
  }
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if (mark === bytes.length) {
    throw new UserError(`${name} holds nothing but a byte order mark: expected UTF-8 text.`);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + mark, bytes.byteLength - mark).toString(
    'utf8',
  );
}

/** Latin letters in UTF-16 are UTF-8 as well, with a NUL beside each: nobody means to train on that. */
function looksLikeUtf16(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, 1024) & ~1;
  const zeros = [0, 0];
  for (let i = 0; i < length; i++) if (bytes[i] === 0) zeros[i & 1]!++;
  return length >= 4 && Math.max(...zeros) >= 0.4 * length && Math.min(...zeros) <= 0.05 * length;
}

/**
 * The offset where the first ill-formed sequence begins, or −1 when all is UTF-8.
 *
 * Source: the Unicode Standard, table 3-7, well-formed UTF-8 byte sequences.
 */
export function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    let following = 0;
    let low = 0x80; // bounds of the second byte: they exclude overlong forms and surrogates
    let high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) following = 1;
    else if (lead >= 0xe0 && lead <= 0xef) {
      following = 2;
      if (lead === 0xe0) low = 0xa0;
      if (lead === 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      following = 3;
      if (lead === 0xf0) low = 0x90;
      if (lead === 0xf4) high = 0x8f;
    } else if (lead >= 0x80) return at;
    for (let k = 1; k <= following; k++) {
      const byte = bytes[at + k];
      if (byte === undefined || byte < low || byte > high) return at;
      low = 0x80;
      high = 0xbf;
    }
    at += 1 + following;
  }
  return -1;
}
