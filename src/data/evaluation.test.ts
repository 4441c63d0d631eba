import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluationPass } from './evaluation.js';
import type { TargetKind } from './sampler.js';

const count = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);

/** Drawn: block, batch and how many ids there are beyond the fewest possible. */
const shape = fc.record({
  blockSize: fc.integer({ min: 1, max: 9 }),
  batchSize: fc.integer({ min: 1, max: 7 }),
  spare: fc.nat(100),
  target: fc.constantFrom<TargetKind>('all', 'next'),
});

/** The targets of a pass, each checked to stand right behind its inputs; id i lies at place i. */
function targetsOf(pass: EvaluationPass, target: TargetKind): number[] {
  const seen: number[] = [];
  let batches = 0;
  for (const { rows, blockSize, inputs, targets } of pass) {
    batches++;
    expect(inputs.length).toBe(rows * blockSize);
    for (let row = 0; row < rows; row++) {
      const start = inputs[row * blockSize]!;
      for (let t = 0; t < blockSize; t++) {
        expect(inputs[row * blockSize + t]).toBe(start + t);
        if (target === 'all') expect(targets[row * blockSize + t]).toBe(start + t + 1);
      }
      if (target === 'next') expect(targets[row]).toBe(start + blockSize);
    }
    seen.push(...targets);
  }
  expect(batches).toBe(pass.batches);
  expect(seen.length).toBe(pass.tokens);
  return seen;
}

describe('EvaluationPass', () => {
  it('predicts every predictable token exactly once, in order, and can be repeated', () => {
    fc.assert(
      fc.property(shape, ({ blockSize, batchSize, spare, target }) => {
        const n = blockSize + 1 + spare;
        const pass = new EvaluationPass(count(n), { blockSize, batchSize, target });
        const first = target === 'all' ? 1 : blockSize;
        const expected = [...count(n)].slice(first);
        expect(targetsOf(pass, target)).toEqual(expected);
        expect(targetsOf(pass, target)).toEqual(expected);
      }),
    );
  });

  it('has full batches of distinct windows of the whole pass when it is cut short', () => {
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 5 }), (drawn, maxBatches) => {
        const { blockSize, batchSize, spare, target } = drawn;
        const ids = count(blockSize + 1 + spare);
        const options = { blockSize, batchSize, target };
        const whole = new EvaluationPass(ids, options);
        const part = new EvaluationPass(ids, { ...options, maxBatches });
        const all = targetsOf(whole, target);
        const some = targetsOf(part, target);
        expect(part.batches).toBe(Math.min(maxBatches, whole.batches));
        expect(new Set(some).size).toBe(some.length);
        expect(some.every((id) => all.includes(id))).toBe(true);
        if (part.batches === whole.batches) expect(some).toEqual(all);
        else if (whole.tokens >= maxBatches * batchSize * blockSize) {
          for (const { rows } of part) expect(rows).toBe(batchSize);
        }
      }),
    );
  });

  it('spreads a few windows evenly over the split', () => {
    const pass = new EvaluationPass(count(101), { blockSize: 10, batchSize: 5, maxBatches: 1 });
    const [batch] = [...pass];
    expect([0, 1, 2, 3, 4].map((row) => batch!.inputs[row * 10])).toEqual([0, 20, 40, 60, 80]);
    expect([pass.tokens, pass.batches]).toEqual([50, 1]);
  });

  it('ends with a single shorter block', () => {
    const pass = new EvaluationPass(count(24), { blockSize: 10, batchSize: 4 });
    const shapes = [...pass].map(({ rows, blockSize }) => [rows, blockSize]);
    expect(shapes).toEqual([
      [2, 10],
      [1, 3],
    ]);
    expect(pass.tokens).toBe(23);
  });

  it('refuses a split that is too short', () => {
    expect(
      () => new EvaluationPass(count(0), { blockSize: 4, batchSize: 1, name: 'test' }),
    ).toThrow(/the test split has 0 tokens, but a block of 4/);
  });
});
