import { describe, expect, it } from 'vitest';
import { isPattern, matchesTensor } from './probe-pattern.js';

describe('matchesTensor', () => {
  it.each([
    ['*', 'weight', 'a.b', true],
    ['a.*', 'weight', 'a.b.c', true],
    ['*.weight', 'gradient', 'h.0.attn.cAttn.weight', true],
    ['*.weight', 'gradient', 'h.0.attn.cAttn.bias', false],
    ['h.*.attn*', 'activation', 'h.11.attn.cProj', true],
    ['gradient:*', 'gradient', 'x', true],
    ['gradient:*', 'weight', 'x', false],
    ['a', 'weight', 'ab', false],
    ['*a', 'weight', 'ba', true],
    ['nothing:*', 'weight', 'x', false],
    ['', 'weight', '', false],
    ['a+b', 'weight', 'aab', false],
  ] as const)('%s, of a %s called %s: %s', (pattern, kind, path, expected) => {
    expect(matchesTensor([pattern], kind, path)).toBe(expected);
    expect(matchesTensor(['none', pattern], kind, path)).toBe(expected);
  });

  it('is quick with any pattern', () => {
    const start = performance.now();
    expect(matchesTensor([`${'*a'.repeat(500)}b`], 'weight', 'a'.repeat(1000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('tells patterns from mistakes', () => {
    expect(['*', 'update:h.*'].every(isPattern)).toBe(true);
    expect(['', 'h x', 'wheight:*', 'weight:'].some(isPattern)).toBe(false);
  });
});
