import { describe, expect, it } from 'vitest';
import { EvaluationPass } from './evaluation.js';
import { ShuffledPass } from './shuffled-pass.js';

/** Ids that say where they stand. */
const ids = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

const pass = (count: number, target: 'next' | 'all', seed: number) =>
  new ShuffledPass(
    new EvaluationPass(ids(count), { batchSize: 16, blockSize: 5, target }),
    8,
    seed,
  );

describe('ShuffledPass', () => {
  it.each(['next', 'all'] as const)('predicts every token once, out of order (%s)', (target) => {
    const shuffled = pass(103, target, 1);
    const predicted: number[] = [];
    const sizes: number[] = [];
    for (const { rows, blockSize, inputs, targets } of shuffled) {
      sizes.push(rows);
      targets.forEach((token, i) => {
        predicted.push(token);
        expect(inputs[target === 'next' ? i * blockSize + blockSize - 1 : i]).toBe(token - 1);
      });
    }
    expect(sizes).toHaveLength(shuffled.batches);
    expect(predicted).toHaveLength(shuffled.tokens);
    const expected = Array.from(ids(103)).slice(target === 'next' ? 5 : 1);
    expect(predicted).not.toEqual(expected);
    expect(predicted.sort((a, b) => a - b)).toEqual(expected);
    if (target === 'all') expect(sizes.pop()).toBe(1); // the shorter block
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('has one order for a seed, on every pass', () => {
    const order = (all: ShuffledPass) => [...all].flatMap(({ targets }) => [...targets]);
    const one = pass(60, 'next', 1);
    expect(order(one)).toEqual(order(one));
    expect(order(one)).toEqual(order(pass(60, 'next', 1)));
    expect(order(one)).not.toEqual(order(pass(60, 'next', 2)));
  });
});
