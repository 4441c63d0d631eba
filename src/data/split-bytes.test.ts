import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIds } from './split.js';
import { splitBytes } from './split-bytes.js';

/** A byte is a token: every character beyond ASCII may be cut in two. */
const byteTokenizer = {
  decode: (ids: ArrayLike<number>) => Buffer.from(ids as number[]).toString(),
};

describe('splitBytes', () => {
  it('counts the bytes of each part, a cut character as a whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 10, maxLength: 60 }), (text) => {
        fc.pre(!text.includes('\uFFFD') && Buffer.byteLength(text) >= 32);
        const ids = Uint16Array.from(Buffer.from(text));
        const splits = splitIds(ids, [0.5, 0.25, 0.25]);
        const { bytes, exact } = splitBytes(text, byteTokenizer, splits);
        expect(exact).toBe(true);
        expect(bytes.train + bytes.validation + bytes.test).toBe(ids.length);
        for (const name of ['train', 'validation', 'test'] as const) {
          expect(Math.abs(bytes[name] - splits[name].length)).toBeLessThanOrEqual(3);
        }
        // The parts end where characters end.
        const buffer = Buffer.from(text);
        const second = buffer.subarray(0, bytes.train + bytes.validation).toString();
        expect(buffer.subarray(0, bytes.train).toString()).not.toContain('\uFFFD');
        expect(second).not.toContain('\uFFFD');
      }),
      { numRuns: 2000 },
    );
  });

  it('is exact for a decoder that drops a leading space', () => {
    const text = 'one two six ten';
    const words = text.split(' ');
    const decode = (ids: ArrayLike<number>) => Array.from(ids, (id) => words[id]).join(' ');
    const splits = splitIds(Uint16Array.of(0, 1, 2, 3), [0.5, 0.25, 0.25]);
    const { bytes, exact } = splitBytes(text, { decode }, splits);
    expect([exact, bytes]).toEqual([true, { train: 8, validation: 4, test: 3 }]);
  });

  it('shares the bytes out in proportion when decoding changes the text', () => {
    const text = 'ÀB'.repeat(50); // 150 bytes
    const decode = (ids: ArrayLike<number>) => 'x'.repeat(ids.length);
    const splits = splitIds(new Uint16Array(100), [0.8, 0.1, 0.1]);
    const { bytes, exact } = splitBytes(text, { decode }, splits);
    expect([exact, bytes]).toEqual([false, { train: 120, validation: 15, test: 15 }]);
  });

  it('gives everything to train where there is nothing else', () => {
    const splits = splitIds(Uint16Array.from(Buffer.from('all')), [1, 0, 0]);
    expect(splitBytes('all', byteTokenizer, splits)).toEqual({
      bytes: { train: 3, validation: 0, test: 0 },
      exact: true,
    });
  });

  it('never shares out more bytes than there are', () => {
    // Two halves of a byte each, rounded up, would leave the training part with less than none.
    const decode = (ids: ArrayLike<number>) => 'é'.repeat(ids.length);
    const splits = {
      train: new Uint16Array(0),
      validation: Uint16Array.of(1),
      test: Uint16Array.of(1),
    };
    expect(splitBytes('x', { decode }, splits).bytes).toEqual({ train: 0, validation: 1, test: 0 });
  });
});
