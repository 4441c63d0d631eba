import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLOAT_CODINGS } from './float-type.js';
import { fromBFloat16, fromFloat16, toBFloat16, toFloat16 } from './half.js';

const all = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

const kinds = [
  ['float16', fromFloat16, toFloat16, 0x7c00],
  ['bfloat16', fromBFloat16, toBFloat16, 0x7f80],
] as const;

for (const [name, from, to, infinity] of kinds) {
  const values = new Float32Array(1 << 16);
  from(all, values);
  const bitsOf = (...numbers: number[]) => {
    const out = new Uint16Array(numbers.length);
    to(Float32Array.from(numbers), out);
    return [...out];
  };

  describe(name, () => {
    it('of every bit pattern comes back as it was, NaN as a NaN', () => {
      const back = new Uint16Array(1 << 16);
      to(values, back);
      const isNumberless = (bits: number) => (bits & 0x7fff) > infinity;
      const changed = all.filter((bits, i) =>
        isNumberless(bits) ? !isNumberless(back[i]!) : back[i] !== bits,
      );
      expect([...changed]).toEqual([]);
      expect([...all].filter((bits) => Number.isNaN(values[bits])).length).toBe(
        2 * (0x7fff - infinity),
      );
    });

    it('is the nearest to any float32, of two equally near the even one', () => {
      // The positive ones in order, infinity as the next after the largest would be.
      const ladder = Float64Array.from(values.subarray(0, infinity + 1));
      ladder[infinity] = 2 * ladder[infinity - 1]! - ladder[infinity - 2]!;
      const nearest = (x: number): number => {
        let low = 0;
        let high: number = infinity;
        while (high - low > 1) {
          const middle = (low + high) >> 1;
          if (ladder[middle]! <= x) low = middle;
          else high = middle;
        }
        const [below, above] = [x - ladder[low]!, ladder[high]! - x];
        if (below === above) return low % 2 === 0 ? low : high;
        return below < above ? low : high;
      };
      const positive = fc.float({ min: 0, noNaN: true, noDefaultInfinity: true });
      const tie = fc
        .nat(infinity - 1)
        .map((low) => Math.fround((ladder[low]! + ladder[low + 1]!) / 2));
      const besideTie = tie.map((x) => Math.fround(x * (1 + 2 ** -23)));
      const small = fc.float({ min: 0, max: Math.fround(2 ** -13), noNaN: true });
      fc.assert(
        fc.property(fc.oneof(positive, tie, besideTie, small), (x) => {
          expect(bitsOf(x, -x)).toEqual([nearest(x), nearest(x) | 0x8000]);
        }),
        { numRuns: 2000 },
      );
    });
  });
}

it('known values', () => {
  const out = new Uint16Array(6);
  toFloat16(Float32Array.of(1, -2, 65504, 65520, 2 ** -24, 1 / 3), out);
  expect([...out]).toEqual([0x3c00, 0xc000, 0x7bff, 0x7c00, 1, 0x3555]);
  toBFloat16(Float32Array.of(1, -2, 3.4e38, -0, 1 / 3, 0.1), out);
  expect([...out]).toEqual([0x3f80, 0xc000, 0x7f80, 0x8000, 0x3eab, 0x3dcd]);
});

describe('Q8_0', () => {
  const { encode, decode } = FLOAT_CODINGS.Q8_0;
  const through = (values: Float32Array) => {
    const bytes = new Uint8Array((values.length / 32) * 34);
    encode(values, bytes);
    const back = new Float32Array(values.length);
    decode(bytes, back);
    return { bytes, back };
  };

  it('is a scale in float16 and 32 whole numbers', () => {
    const { bytes, back } = through(Float32Array.from({ length: 32 }, (_, i) => i * 8 - 121));
    // The largest is 127 = 127 · 1.
    expect([bytes[0]! | (bytes[1]! << 8), bytes[2], bytes[33]]).toEqual([0x3c00, 256 - 121, 127]);
    expect([...back]).toEqual(Array.from({ length: 32 }, (_, i) => i * 8 - 121));
  });

  it('is off by at most half a step, whatever the values', () => {
    const value = fc.float({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 64, maxLength: 64 }), (list) => {
        const values = Float32Array.from(list);
        const { back } = through(values);
        for (let block = 0; block < 2; block++) {
          const part = values.subarray(block * 32, block * 32 + 32);
          const largest = part.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          // Half a step, and the rounding of the scale to 11 bits (2^-24 at the least).
          const bound = (largest / 127) * 0.5 + largest * 2 ** -11 + 127 * 2 ** -24;
          const worst = part.reduce(
            (most, x, i) => Math.max(most, Math.abs(back[block * 32 + i]! - x)),
            0,
          );
          expect(worst).toBeLessThanOrEqual(bound);
        }
      }),
    );
  });

  it('keeps zeros', () => {
    expect([...through(new Float32Array(32)).back]).toEqual(Array(32).fill(0));
  });
});
