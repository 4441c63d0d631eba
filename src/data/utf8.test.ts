import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../util/errors.js';
import { decodeUtf8, firstInvalidByte } from './utf8.js';

describe('decodeUtf8', () => {
  it('gives back any text, and drops a byte order mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        fc.pre(!text.startsWith('\uFEFF'));
        expect(decodeUtf8(Buffer.from(text), 'x')).toBe(text);
        expect(decodeUtf8(Buffer.from(`\uFEFF${text}`), 'x')).toBe(text);
      }),
    );
  });

  it('names the offset of the first byte that does not fit', () => {
    const bytes = Buffer.concat([Buffer.from('naïve '), Buffer.from([0xe9]), Buffer.from(' ok')]);
    expect(() => decodeUtf8(bytes, 'book.txt')).toThrow(
      /^book\.txt is not UTF-8 text: byte 0xe9 at offset 7 does not fit\. .*ISO-8859-1/,
    );
  });

  it('recognises UTF-16', () => {
    const bytes = Buffer.from('\uFEFFtext', 'utf16le');
    expect(() => decodeUtf8(bytes, 'book.txt')).toThrow(/offset 0 .*UTF-16/);
  });

  it('refuses what holds no text', () => {
    expect(() => decodeUtf8(Buffer.alloc(0), 'book.txt')).toThrow('book.txt is empty');
    expect(() => decodeUtf8(Buffer.from('\uFEFF'), 'book.txt')).toThrow(UserError);
  });
});

describe('firstInvalidByte', () => {
  it('agrees with the system on what is UTF-8, and everything before the offset is', () => {
    // Bytes from the borders of the table, so that nearly right sequences are common.
    const byte = fc.constantFrom(
      ...[0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1],
      ...[0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (list) => {
        const bytes = Uint8Array.from(list);
        const offset = firstInvalidByte(bytes);
        expect(offset === -1).toBe(isUtf8(bytes));
        if (offset >= 0) expect(isUtf8(bytes.subarray(0, offset))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});
