import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../util/errors.js';
import { checkSplit, DEFAULT_SPLIT, parseSplit, splitBounds, splitIds } from './split.js';

describe('parseSplit', () => {
  it('reads two or three fractions', () => {
    expect(parseSplit('0.8,0.1,0.1')).toEqual(DEFAULT_SPLIT);
    expect(parseSplit(' 0.9, 0.1 ')).toEqual([0.9, 0.1, 0]);
    expect(parseSplit('1,0,0')).toEqual([1, 0, 0]);
    expect(parseSplit('0.7,0.2,0.1')).toEqual([0.7, 0.2, 0.1]); // sums to 0.9999999999999999
  });

  it.each([
    ['', /two or three fractions/],
    ['0.8', /two or three fractions/],
    ['0.8,,0.2', /two or three fractions/],
    ['a,b,c', /two or three fractions/],
    ['0.5,0.2,0.2,0.1', /two or three fractions/],
    ['0.8,0.1,0.2', /sum of 1\.1\./],
    ['80,10,10', /Did you mean 0\.8,0\.1,0\.1\?/],
    ['1.1,-0.1,0', /from 0 to 1/],
    ['Infinity,0,0', /from 0 to 1/],
    ['0,0,0', /sum of 0\.$/],
    ['0,0.5,0.5', /training share above 0/],
  ])('refuses %j', (text, message) => {
    expect(() => parseSplit(text)).toThrow(message);
    expect(() => parseSplit(text)).toThrow(UsageError);
  });
});

const fractions = fc
  .tuple(fc.integer({ min: 1, max: 100 }), fc.nat(100), fc.nat(100))
  .map(([a, b, c]) => {
    const sum = a + b + c;
    return checkSplit([a / sum, b / sum, c / sum]);
  });

describe('splitIds', () => {
  it('cuts into parts that follow one another, lose nothing, and have their shares', () => {
    fc.assert(
      fc.property(fc.nat(2000), fractions, (n, shares) => {
        const ids = Uint32Array.from({ length: n }, (_, i) => i);
        const { train, validation, test } = splitIds(ids, shares);
        expect([...train, ...validation, ...test]).toEqual([...ids]);
        [train, validation, test].forEach((part, k) => {
          expect(Math.abs(part.length - n * shares[k]!)).toBeLessThan(2);
          if (shares[k] === 0) expect(part.length).toBe(0);
          expect(part.buffer).toBe(ids.buffer);
        });
      }),
    );
  });

  it('rounds the cuts down, but not below what the fractions mean', () => {
    expect(splitBounds(338_022, DEFAULT_SPLIT)).toEqual([270_417, 304_219]);
    expect(splitBounds(1000, [0.7, 0.2, 0.1])).toEqual([700, 900]);
    expect(splitBounds(1_115_394, [0.9, 0.1, 0])).toEqual([1_003_854, 1_115_394]);
    expect(splitBounds(3, [0.9, 0, 0.1])).toEqual([2, 2]);
    expect(splitBounds(5, [1, 0, 0])).toEqual([5, 5]);
    expect(splitBounds(0, DEFAULT_SPLIT)).toEqual([0, 0]);
  });
});
