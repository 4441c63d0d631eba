import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError, UserError } from '../util/errors.js';
import { Sampler, type SamplingOptions } from './sampler.js';

/** The filters by sorting: slow and plain. Returns the probability of each id. */
function expectedProbabilities(
  logits: number[],
  { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 }: SamplingOptions,
  seen: number[] = [],
): Map<number, number> {
  const penalised = logits.map((logit, id) =>
    seen.includes(id) ? (logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty) : logit,
  );
  const greatest = Math.max(...penalised);
  let rest = penalised
    .map((logit, id) => ({ id, weight: Math.exp((logit - greatest) / temperature) }))
    .sort((a, b) => b.weight - a.weight || a.id - b.id);
  if (topK > 0) rest = rest.slice(0, topK);
  const total = rest.reduce((sum, { weight }) => sum + weight, 0);
  let kept: typeof rest = [];
  let mass = 0;
  for (const item of rest) {
    if (topP < 1 && mass >= topP * total) break;
    kept.push(item);
    mass += item.weight;
  }
  kept = kept.filter(({ weight }) => weight >= minP);
  mass = kept.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(kept.map(({ id, weight }) => [id, weight / mass]));
}

// Thousandths, so that what differs before the exponential does after it.
const thousandth = fc.integer({ min: -6000, max: 6000 }).map((n) => n / 1000);
const logitsOf = fc.array(thousandth, { minLength: 1, maxLength: 40 });
// Few different values, so that there are many equals.
const tiedLogits = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 40 });
const seenOf = fc.array(fc.nat(45), { maxLength: 20 }); // some beyond the logits

describe('Sampler', () => {
  it('draws only what the filters keep, and all of that, as a sort would have it', () => {
    const options = fc.record({
      temperature: fc.double({ min: 0.3, max: 3, noNaN: true }),
      topK: fc.nat(12),
      topP: fc.double({ min: 0.05, max: 1, noNaN: true }),
      minP: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
      repetitionPenalty: fc.oneof(fc.constant(1), fc.double({ min: 0.5, max: 3, noNaN: true })),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(fc.oneof(logitsOf, tiedLogits), options, seenOf, (logits, options, before) => {
        const expected = expectedProbabilities(logits, options, before);
        const sampler = new Sampler(options);
        const seen = new Map<number, number>();
        const draws = 400;
        for (let i = 0; i < draws; i++) {
          const id = sampler.next(Float64Array.from(logits), before);
          seen.set(id, (seen.get(id) ?? 0) + 1);
        }
        for (const id of seen.keys()) expect(expected.has(id)).toBe(true);
        for (const [id, p] of expected) {
          const spread = Math.sqrt((p * (1 - p)) / draws);
          expect(Math.abs((seen.get(id) ?? 0) / draws - p)).toBeLessThan(6 * spread + 0.02);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('takes the likeliest at temperature 0, of equals the lowest id, and draws no number', () => {
    const sampler = new Sampler({ temperature: 0 });
    const before = sampler.state();
    expect(sampler.next([1, 3, 3, -Infinity])).toBe(1);
    expect(sampler.state()).toEqual(before);
  });

  it('makes what was seen less likely, on both sides of 0, at temperature 0 too', () => {
    const sampler = new Sampler({ temperature: 0, repetitionPenalty: 2 });
    expect(sampler.next([3, 2, -1], [0, 0])).toBe(1);
    expect(sampler.next([-3, -2, -8], [1])).toBe(0);
    expect(sampler.next([3, 2, -1], [-1, 7, 0.5])).toBe(0); // ids that there are none of
    expect(new Sampler({ temperature: 0 }).next([3, 2, -1], [0])).toBe(0);
  });

  it('comes near the likeliest as the temperature goes to 0, without overflow', () => {
    const sampler = new Sampler({ temperature: 1e-300 });
    for (let i = 0; i < 50; i++) expect(sampler.next([1e30, 2e30, -1e30])).toBe(1);
  });

  it('never draws what is impossible', () => {
    const sampler = new Sampler({ topK: 3 });
    for (let i = 0; i < 200; i++) {
      expect(sampler.next([-Infinity, 0, -Infinity, -Infinity])).toBe(1);
    }
  });

  it('gives the same tokens for the same seed, and goes on from a state', () => {
    const logits = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i) * 3);
    const draw = (sampler: Sampler, n: number) =>
      Array.from({ length: n }, () => sampler.next(logits));
    const options = { seed: 7, topP: 0.9, topK: 100 };
    const all = draw(new Sampler(options), 20);
    expect(draw(new Sampler(options), 20)).toEqual(all);
    expect(draw(new Sampler({ ...options, seed: 8 }), 20)).not.toEqual(all);
    const first = new Sampler(options);
    draw(first, 8);
    const second = new Sampler(options);
    second.restore(first.state());
    expect(draw(second, 12)).toEqual(all.slice(8));
  });

  it('keeps up with large vocabularies, all weights equal or not', () => {
    const sampler = new Sampler({ topP: 0.9, topK: 40_000 });
    const rising = Float32Array.from({ length: 50_281 }, (_, i) => i / 50_281);
    const begin = performance.now();
    for (const logits of [rising, rising.toReversed(), new Float32Array(50_281)]) {
      for (let i = 0; i < 10; i++) sampler.next(logits);
    }
    expect((performance.now() - begin) / 30).toBeLessThan(100);
  });

  it.each([
    [{ temperature: -1 }, /temperature: expected a number of at least 0/],
    [{ temperature: Number.NaN }, /temperature/],
    [{ topK: 1.5 }, /topK: expected a whole number/],
    [{ topK: -1 }, /topK/],
    [{ topP: 0 }, /topP: expected a number above 0/],
    [{ topP: 1.1 }, /topP/],
    [{ minP: -0.1 }, /minP: expected a number from 0/],
    [{ minP: 1.1 }, /minP/],
    [{ minP: Number.NaN }, /minP/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty: expected a number above 0/],
    [{ repetitionPenalty: Infinity }, /repetitionPenalty/],
    [{ repetitionPenalty: '1' as never }, /repetitionPenalty/],
    [{ seed: -3 }, /seed/],
  ])('refuses %j', (options, message) => {
    expect(() => new Sampler(options)).toThrow(message);
    expect(() => new Sampler(options)).toThrow(UsageError);
  });

  it('refuses seen ids that cannot be gone through', () => {
    const sampler = new Sampler({ repetitionPenalty: 2 });
    expect(() => sampler.next([1, 2], 3 as never)).toThrow(/the ids that were seen, got 3/);
  });

  it.each([
    [[], /got none/],
    [[0, Number.NaN], /token 1 is NaN/],
    [[Infinity, 0], /token 0 is Infinity/],
    [[-Infinity, -Infinity], /all logits/],
  ])('refuses logits %j', (logits, message) => {
    expect(() => new Sampler().next(logits)).toThrow(message);
    expect(() => new Sampler().next(logits)).toThrow(UserError);
  });
});

describe('distribution', () => {
  const logits = [2, 1, 0, -1, -4];

  it('is what next draws from', () => {
    const options = { temperature: 0.7, topK: 4, topP: 0.97, minP: 0.01, repetitionPenalty: 1.3 };
    const sampler = new Sampler({ ...options, seed: 5 });
    const told = sampler.distribution(logits, [0], 10);
    expect(told.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    const counts = new Map<number, number>();
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const id = sampler.next(logits, [0]);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(told.map(({ id }) => id).sort());
    for (const { id, probability } of told) {
      expect(counts.get(id)! / draws).toBeCloseTo(probability, 1);
    }
  });

  it('is sure where the likeliest is taken, keeps its order, and draws nothing', () => {
    expect(new Sampler({ temperature: 0 }).distribution(logits)).toEqual([
      { id: 0, probability: 1 },
    ]);
    const sampler = new Sampler({ seed: 3 });
    const before = sampler.state();
    expect(sampler.distribution(logits, [], 2).map(({ id }) => id)).toEqual([0, 1]);
    expect(sampler.state()).toEqual(before);
  });
});
