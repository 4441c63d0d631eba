import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from './errors.js';
import { Generator, philox4x32, STREAMS, streamFor } from './random.js';

const PARAMETERS = { numRuns: 200 };
const safeInteger = fc.maxSafeNat();

describe('philox4x32', () => {
  // Known answers of Random123 (DEShawResearch/random123, tests/kat_vectors, lines "philox4x32 10"):
  // counter, key, expected output.
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the published answer for %j', (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox4x32(counter, key, out);
    expect([...out]).toEqual(expected);
  });

  it('equals the definition written with 64-bit integers', () => {
    const word = fc.nat({ max: 0xffffffff });
    fc.assert(
      fc.property(
        fc.tuple(word, word, word, word),
        fc.tuple(word, word),
        (counter: number[], key: number[]) => {
          const out = new Uint32Array(4);
          philox4x32(counter, key, out);
          expect([...out]).toEqual(philoxWithBigInt(counter, key));
        },
      ),
      PARAMETERS,
    );
  });

  it('may write over its counter', () => {
    const counter = new Uint32Array(4);
    philox4x32(counter, [0, 0], counter);
    expect(counter[0]).toBe(0x6627e8d5);
  });
});

function philoxWithBigInt(counter: number[], key: number[]): number[] {
  const mask = 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number);
}

describe('Generator', () => {
  it('follows the convention: key from the seed, counter from block and stream', () => {
    fc.assert(
      fc.property(
        safeInteger,
        safeInteger,
        fc.nat({ max: 2 ** 31 - 1 }).map((n) => n * 2 ** 20),
        (seed, stream, position) => {
          const generator = Generator.fromState({ seed, stream, position });
          const block = position / 4;
          const expected = new Uint32Array(4);
          philox4x32(
            [
              block % 2 ** 32,
              Math.floor(block / 2 ** 32),
              stream % 2 ** 32,
              Math.floor(stream / 2 ** 32),
            ],
            [seed % 2 ** 32, Math.floor(seed / 2 ** 32)],
            expected,
          );
          expect([0, 1, 2, 3].map(() => generator.nextUint32())).toEqual([...expected]);
        },
      ),
      PARAMETERS,
    );
  });

  it('continues exactly from a state written as JSON', () => {
    fc.assert(
      fc.property(
        safeInteger,
        fc.nat(100),
        fc.array(fc.constantFrom('word', 'uniform', 'integer', 'normal', 'reserve'), {
          maxLength: 20,
        }),
        (seed, stream, calls) => {
          const generator = new Generator(seed, stream);
          for (const call of calls) {
            if (call === 'word') generator.nextUint32();
            if (call === 'uniform') generator.uniform();
            if (call === 'integer') generator.integer(1000);
            if (call === 'normal') generator.normal();
            if (call === 'reserve') generator.reserve(7);
          }
          const copy = Generator.fromState(JSON.parse(JSON.stringify(generator.state())));
          for (let i = 0; i < 9; i++) expect(copy.nextUint32()).toBe(generator.nextUint32());
          expect(copy.normal()).toBe(generator.normal());
        },
      ),
      PARAMETERS,
    );
  });

  it('gives different numbers for another seed or stream', () => {
    const first = (seed: number, stream: number) => new Generator(seed, stream).nextUint32();
    const values = [first(0, 0), first(1, 0), first(0, 1), first(2 ** 32, 0), first(0, 2 ** 32)];
    expect(new Set(values).size).toBe(values.length);
  });

  it('draws uniform doubles in [0, 1) with the moments of the uniform distribution', () => {
    const generator = new Generator(7);
    const n = 200_000;
    let sum = 0;
    let squares = 0;
    let inside = true;
    for (let i = 0; i < n; i++) {
      const u = generator.uniform();
      inside &&= u >= 0 && u < 1;
      sum += u;
      squares += u * u;
    }
    expect(inside).toBe(true);
    // Standard errors: 0.00065 and 0.00067; four of each.
    expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(0.0026);
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.0027);
  });

  it('draws integers evenly, for bounds that do not divide 2^32 as well', () => {
    const generator = new Generator(11);
    for (const n of [1, 2, 3, 10, 100]) {
      const counts = new Array<number>(n).fill(0);
      const draws = 2000 * n;
      for (let i = 0; i < draws; i++) counts[generator.integer(n)]!++;
      const chiSquare = counts.reduce((total, count) => total + (count - 2000) ** 2 / 2000, 0);
      expect(chiSquare).toBeLessThan(n - 1 + 4 * Math.sqrt(2 * n));
    }
  });

  it('has no bias at the bounds where multiplication alone would have the most', () => {
    // With n = 3 · 2³⁰ an unrejected ⌊word · n / 2³²⌋ hits every third value twice as often.
    const generator = new Generator(12);
    const counts = [0, 0, 0];
    for (let i = 0; i < 60_000; i++) counts[generator.integer(3 * 2 ** 30) % 3]!++;
    for (const count of counts) expect(Math.abs(count - 20_000)).toBeLessThan(500);
  });

  it('stays below the bound', () => {
    fc.assert(
      fc.property(safeInteger, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (seed, n) => {
        const value = new Generator(seed).integer(n);
        expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
      }),
      PARAMETERS,
    );
  });

  it('draws normal deviates with the moments of the normal distribution', () => {
    const generator = new Generator(13);
    const n = 200_000;
    const moments = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const z = (generator.normal(3, 2) - 3) / 2;
      for (let k = 0; k < 4; k++) moments[k]! += z ** (k + 1) / n;
    }
    expect(Math.abs(moments[0]!)).toBeLessThan(0.01);
    expect(Math.abs(moments[1]! - 1)).toBeLessThan(0.015);
    expect(Math.abs(moments[2]!)).toBeLessThan(0.04);
    expect(Math.abs(moments[3]! - 3)).toBeLessThan(0.1);
  });

  it('shuffles into every order equally often, and loses nothing', () => {
    const generator = new Generator(17);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = generator.shuffle([0, 1, 2, 3]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(140);
    expect([...generator.shuffle(Int32Array.of(5, 6, 7))].sort()).toEqual([5, 6, 7]);
  });

  it('reserves whole blocks that it does not draw itself', () => {
    const generator = new Generator(1, 2);
    expect(generator.reserve(5)).toEqual({ seed: 1, stream: 2, position: 0 });
    expect(generator.reserve(4)).toEqual({ seed: 1, stream: 2, position: 2 });
    generator.nextUint32();
    expect(generator.reserve(0)).toEqual({ seed: 1, stream: 2, position: 4 });
    expect(generator.state().position).toBe(16);
  });

  it('refuses what is no integer in range, naming it', () => {
    expect(() => new Generator(-1)).toThrow(/seed .* got -1/);
    expect(() => new Generator(0.5)).toThrow(UserError);
    expect(() => new Generator(0, Number.NaN)).toThrow(/stream .* got NaN/);
    expect(() => Generator.fromState({ seed: 0, stream: 0, position: -4 })).toThrow(/position/);
    for (const n of [0, -1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => new Generator(0).integer(n)).toThrow(UserError);
    }
  });
});

describe('streamFor', () => {
  it('gives each purpose of each rank a stream of its own', () => {
    const purposes = Object.keys(STREAMS) as (keyof typeof STREAMS)[];
    const streams = [0, 1, 2].flatMap((rank) => purposes.map((p) => streamFor(p, rank)));
    expect(new Set(streams).size).toBe(streams.length);
    expect(streamFor('init')).toBe(0);
  });
});
