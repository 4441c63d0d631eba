import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../util/errors.js';
import { Generator } from '../util/random.js';
import { type Batch, type TargetKind, WindowSampler } from './sampler.js';

const count = (n: number) => Uint16Array.from({ length: n }, (_, i) => i);
const copy = ({ inputs, targets }: Batch) => ({ inputs: [...inputs], targets: [...targets] });
const targets = fc.constantFrom<TargetKind>('all', 'next');

describe('WindowSampler', () => {
  it('draws windows of the split with the tokens that follow', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(30),
        targets,
        fc.maxSafeNat(),
        (blockSize, batchSize, spare, target, seed) => {
          const ids = count(blockSize + 1 + spare); // id i at place i
          const sampler = new WindowSampler(
            ids,
            { batchSize, blockSize, target },
            new Generator(seed),
          );
          for (let step = 0; step < 3; step++) {
            const batch = sampler.next();
            expect(batch.rows).toBe(batchSize);
            for (let row = 0; row < batchSize; row++) {
              const block = batch.inputs.subarray(row * blockSize, (row + 1) * blockSize);
              const start = block[0]!;
              expect([...block]).toEqual([...ids.subarray(start, start + blockSize)]);
              const following = ids.subarray(start + 1, start + 1 + blockSize);
              expect(following).toHaveLength(blockSize);
              if (target === 'next') expect(batch.targets[row]).toBe(following.at(-1));
              else {
                const got = batch.targets.subarray(row * blockSize, (row + 1) * blockSize);
                expect([...got]).toEqual([...following]);
              }
            }
          }
        },
      ),
    );
  });

  it('draws every window equally often, the first and the last included', () => {
    const sampler = new WindowSampler(
      count(14),
      { batchSize: 1000, blockSize: 4 },
      new Generator(3),
    );
    const counts = new Array<number>(10).fill(0); // 14 − 4 starts
    for (let step = 0; step < 10; step++) {
      const { inputs } = sampler.next();
      for (let row = 0; row < 1000; row++) counts[inputs[row * 4]!]!++;
    }
    expect(counts).toHaveLength(10);
    for (const n of counts) expect(Math.abs(n - 1000)).toBeLessThan(4 * Math.sqrt(900));
  });

  it('continues from a saved state with the same batches', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.maxSafeNat(), fc.nat(5), (steps, seed, stream) => {
        const options = { batchSize: 3, blockSize: 5 };
        const ids = count(500);
        const sampler = new WindowSampler(ids, options, new Generator(seed, stream));
        for (let step = 0; step < steps; step++) sampler.next();
        const state = JSON.parse(JSON.stringify(sampler.state()));
        const resumed = new WindowSampler(ids, options, new Generator(0));
        resumed.next();
        resumed.restore(state);
        for (let step = 0; step < 3; step++) {
          expect(copy(resumed.next())).toEqual(copy(sampler.next()));
        }
      }),
    );
  });

  it('can be entered at any step and row: two words a window', () => {
    const ids = count(1000);
    const whole = new WindowSampler(ids, { batchSize: 6, blockSize: 4 }, new Generator(9, 1));
    whole.next();
    const { inputs } = copy(whole.next());
    // Rows 3 to 5 of step 1, as a process that is the second of two would draw them.
    const position = 2 * (1 * 6 + 3);
    const half = new WindowSampler(
      ids,
      { batchSize: 3, blockSize: 4 },
      Generator.fromState({ seed: 9, stream: 1, position }),
    );
    expect(copy(half.next()).inputs).toEqual(inputs.slice(3 * 4));
  });

  it('fills the same arrays again', () => {
    const sampler = new WindowSampler(count(50), { batchSize: 2, blockSize: 3 }, new Generator(1));
    const first = sampler.next();
    const arrays = [first.inputs, first.targets];
    const second = sampler.next();
    expect(second).toBe(first);
    expect([second.inputs, second.targets].every((a, i) => a === arrays[i])).toBe(true);
  });

  it('refuses a split that is too short, naming the counts and what to do', () => {
    const generator = new Generator(0);
    const make = (n: number, batchSize: number, blockSize: number) => () =>
      new WindowSampler(count(n), { batchSize, blockSize, name: 'validation' }, generator);
    expect(make(10, 1, 10)).toThrow(
      /the validation split has 10 tokens, but a block of 10 .* 11\. .*--split/,
    );
    expect(make(0, 1, 1)).toThrow(UserError);
    expect(make(11, 1, 10)).not.toThrow();
    expect(make(11, 0, 10)).toThrow(/batch size: .* got 0/);
    expect(make(11, 1, 1.5)).toThrow(/block size: .* got 1.5/);
  });
});
