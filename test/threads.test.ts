/** The same seed gives the same bits, however many threads compute them. */
import { afterAll, describe, expect, it } from 'vitest';
import { digest, makeModel, type Sizes } from './steps.js';
import { kernels, named } from './suites/backends.js';

/** Large enough for every kernel to share its work among threads. */
const SIZES: Sizes = { B: 96, T: 8, C: 96, H: 160, V: 6007, maxLogits: 40 * 6007 };

describe.each(named(kernels))('threads of the %s backend', (_, backend) => {
  const before = backend.threads;
  afterAll(() => backend.setThreads(before));

  const run = (threads: number) => {
    backend.setThreads(threads);
    expect(backend.threads).toBe(threads);
    const model = makeModel(backend, SIZES);
    const losses = Array.from({ length: 20 }, model.step);
    const bits = digest(model);
    for (const parameter of Object.values(model.parameters)) parameter.dispose();
    return { losses, bits };
  };

  it('of any number give the same losses and parameters, to the bit, after 20 steps', () => {
    const one = run(1);
    expect(one.losses.every(Number.isFinite)).toBe(true);
    expect(one.losses[19]).not.toBe(one.losses[0]);
    for (const threads of [2, 3, 5]) expect(run(threads), `${threads} threads`).toEqual(one);
  });
});
