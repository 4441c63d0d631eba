import { describe, expect, it } from 'vitest';
import { erf, erfc, normalCdf, normalDensity } from './special.js';

/** x, erf(x), erfc(x): correctly rounded values, from the C library. */
const TABLE = [
  [1e-30, 1.1283791670955127e-30, 1],
  [0.1, 0.1124629160182849, 0.8875370839817152],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.5, 0.9661051464753108, 0.033894853524689274],
  [2, 0.9953222650189527, 0.004677734981047266],
  [2.5, 0.999593047982555, 0.0004069520174449589],
  [3, 0.9999779095030014, 2.2090496998585438e-5],
  [5, 0.9999999999984626, 1.5374597944280351e-12],
  [10, 1, 2.088487583762545e-45],
  [20, 1, 5.3958656116079005e-176],
  [26, 1, 5.663192408856143e-296],
];

const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1);

describe('erf', () => {
  it.each(TABLE)('erf(%d) and erfc, to 1e-14', (x, e, c) => {
    expect(relative(erf(x), e)).toBeLessThan(1e-14);
    expect(relative(erf(-x), -e)).toBeLessThan(1e-14);
    // exp(−x²) alone carries a relative error of about x² · 2⁻⁵³.
    expect(relative(erfc(x), c)).toBeLessThan(1e-14 + x * x * 2 ** -52);
    expect(relative(erfc(-x), 1 + e)).toBeLessThan(1e-14);
  });

  it('keeps the limits and NaN', () => {
    expect(erf(0)).toBe(0);
    expect(erf(Infinity)).toBe(1);
    expect(erf(-Infinity)).toBe(-1);
    expect(erf(NaN)).toBeNaN();
    expect(erfc(Infinity)).toBe(0);
    expect(erfc(-Infinity)).toBe(2);
    expect(erfc(NaN)).toBeNaN();
  });

  it('meets itself where the two methods change over', () => {
    expect(relative(erf(1 + 1e-14), erf(1 - 1e-14))).toBeLessThan(3e-14);
  });
});

describe('the normal distribution', () => {
  it('has a density that is the slope of its distribution function', () => {
    const h = 1e-5;
    for (let x = -6; x <= 6; x += 0.37) {
      const slope = (normalCdf(x + h) - normalCdf(x - h)) / (2 * h);
      expect(Math.abs(slope - normalDensity(x))).toBeLessThan(1e-9);
    }
  });
});
