import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choiceOf } from './choice.js';

const logit = fc.oneof(
  fc.double({ min: -80, max: 80, noNaN: true }),
  fc.constantFrom(-Infinity, 0, 0, -3e38, 1e30),
);

describe('choiceOf', () => {
  it('has probabilities, entropy and order as plain sums and a sort have them', () => {
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 1, maxLength: 30 }).filter((all) => all.some(Number.isFinite)),
        fc.nat(),
        fc.nat(40),
        (logits, which, count) => {
          const greatest = Math.max(...logits);
          const weights = logits.map((x) => Math.exp(x - greatest));
          const total = weights.reduce((a, b) => a + b);
          const p = weights.map((weight) => weight / total);
          const id = which % logits.length;
          const found = choiceOf(logits, id, count);
          expect(found.id).toBe(id);
          expect(found.probability).toBeCloseTo(p[id]!, 9);
          if (p[id]! > 0) expect(found.surprise).toBeCloseTo(-Math.log(p[id]!), 9);
          const entropy = p.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
          expect(found.entropy).toBeCloseTo(entropy, 9);
          expect(found.entropy).toBeLessThanOrEqual(Math.log(logits.length) + 1e-9);
          const order = logits
            .map((_, i) => i)
            .sort((a, b) => compare(logits[b]!, logits[a]!) || a - b);
          expect(found.alternatives.map((each) => each.id)).toEqual(order.slice(0, count));
          for (const each of found.alternatives) {
            expect(each.probability).toBeCloseTo(p[each.id]!, 9);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Infinities compare too. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
