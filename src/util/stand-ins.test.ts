/** What stands in for Node's own in a browser, beside Node's own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.js';
import { crc32 as crc32Browser } from './crc32-browser.js';
import { sha256 } from './sha256.js';
import { sha256 as sha256Browser } from './sha256-browser.js';
import { utf8Length } from './utf8-length.js';

/** Several parts, of lengths around a block's. */
const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 });

describe('stand-ins', () => {
  it('hash as Node does, in however many parts', () => {
    fc.assert(
      fc.property(parts, (given) => {
        expect(sha256Browser(...given)).toBe(sha256(...given));
      }),
    );
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff);
      expect(sha256Browser(bytes)).toBe(sha256(bytes));
      expect(sha256Browser(bytes.subarray(0, 7), bytes.subarray(7))).toBe(sha256(bytes));
    }
    const long = new Uint8Array(1_000_003).fill(0x61);
    expect(sha256Browser(long)).toBe(sha256(long));
  });

  it('give the checksum that Node does, at once or piece by piece', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, at) => {
        const whole = crc32(bytes);
        expect(crc32Browser(bytes)).toBe(whole);
        expect(crc32Browser(bytes.subarray(at), crc32Browser(bytes.subarray(0, at)))).toBe(whole);
      }),
    );
  });

  it('count the bytes of a text as it is written, lone surrogates too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        for (const text of [a, b, `${a}\ud800${b}`, `\udc00${b}\ud83d`]) {
          expect(utf8Length(text)).toBe(Buffer.byteLength(text));
        }
      }),
    );
  });
});
