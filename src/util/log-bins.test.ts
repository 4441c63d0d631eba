import { describe, expect, it } from 'vitest';
import { binOf, binStart, FIRST_BIN, LAST_BIN } from './log-bins.js';

describe('binOf', () => {
  it('has two bins an octave, whose edges belong to the upper one', () => {
    expect([1, 1.41, 1.42, 1.99999, 2, 3, 0.5, 0.75, -0.75].map(binOf)).toEqual([
      0, 0, 1, 1, 2, 3, -2, -1, -1,
    ]);
  });

  it('puts every float32 where its bin begins and ends, and the extremes into the last bins', () => {
    for (let bin = FIRST_BIN + 1; bin <= LAST_BIN; bin++) {
      const inside = Math.fround(binStart(bin + 0.5));
      expect(binOf(inside)).toBe(bin);
      expect(binOf(-inside)).toBe(bin);
    }
    expect([1e-45, 1e-30, 1e30, 3.4e38].map(binOf)).toEqual([
      FIRST_BIN,
      FIRST_BIN,
      LAST_BIN,
      LAST_BIN,
    ]);
  });
});
