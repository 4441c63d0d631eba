import { describe, expect, it } from 'vitest';
import { UserError } from './errors.js';
import { PythonRandom } from './python-random.js';

const words = (seed: number, count: number) => {
  const random = new PythonRandom(seed);
  return Array.from({ length: count }, () => random.nextUint32());
};

// All expected values are those of Python 3.11's module `random`.
describe('PythonRandom', () => {
  it('draws what getrandbits(32) draws', () => {
    expect(words(42, 5)).toEqual([2746317213, 478163327, 107420369, 3184935163, 1181241943]);
    expect(words(0, 3)).toEqual([3626764237, 1654615998, 3255389356]);
    expect(words(42, 700)[699]).toBe(2918508077); // from the second block of 624
  });

  it('takes all words of a large seed', () => {
    expect(words(2 ** 53 - 1, 3)).toEqual([404802386, 2407860725, 957238923]);
  });

  it('draws what randrange draws', () => {
    const random = new PythonRandom(7);
    const drawn = [1, 2, 3, 100, 2 ** 31, 2 ** 32 - 1].map((n) => random.integer(n));
    expect(drawn).toEqual([0, 0, 1, 83, 207388624, 311111475]);
  });

  it('shuffles as shuffle does', () => {
    const list = (n: number) => Array.from({ length: n }, (_, i) => i);
    expect(new PythonRandom(42).shuffle(list(10))).toEqual([7, 3, 2, 8, 5, 6, 9, 4, 0, 1]);
    const long = new PythonRandom(42).shuffle(list(1000));
    expect(long.slice(0, 5)).toEqual([776, 507, 895, 922, 33]);
    expect(long.reduce((sum, value, i) => sum + i * value, 0)).toBe(250181598);
  });

  it('refuses seeds and bounds that make no sense', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => new PythonRandom(seed)).toThrow(UserError);
    }
    for (const n of [0, 1.5, 2 ** 32]) {
      expect(() => new PythonRandom(1).integer(n)).toThrow(UserError);
    }
  });
});
