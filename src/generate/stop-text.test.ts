import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../util/errors.js';
import { StopText } from './stop-text.js';

/** By looking at the whole text, one end after the other. */
function expectedText(text: string, stops: string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const hits = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (hits.length > 0) return text.slice(0, end - Math.max(...hits.map((hit) => hit.length)));
  }
  return text;
}

// Few letters, so that stops occur, and overlap themselves and each other.
const letters = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '𝕏'), minLength, maxLength });

describe('StopText', () => {
  it('lets through what comes before the stop that is complete first, wherever pieces are cut', () => {
    fc.assert(
      fc.property(
        fc.array(letters(0, 4), { maxLength: 12 }),
        fc.array(letters(1, 5), { maxLength: 3 }),
        (pieces, stops) => {
          const stopText = new StopText(stops);
          const expected = expectedText(pieces.join(''), stops);
          let text = '';
          for (const piece of pieces) {
            text += stopText.push(piece);
            expect(expected.startsWith(text)).toBe(true); // never too much, not even for a while
          }
          expect(text + stopText.end()).toBe(expected);
          expect(stopText.found).toBe(stops.some((stop) => pieces.join('').includes(stop)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('holds nothing back without need', () => {
    const stopText = new StopText(['END']);
    expect(['x', 'E', 'N', 'E', 'x'].map((piece) => stopText.push(piece))).toEqual([
      ...['x', '', '', 'EN', 'Ex'],
    ]);
  });

  it.each([[['a', '']], [[3]], ['ab'], [null]])('refuses %j', (stops) => {
    expect(() => new StopText(stops as never)).toThrow(/stop: expected texts/);
    expect(() => new StopText(stops as never)).toThrow(UsageError);
  });
});
