/** The same seed gives the same bits, however many threads compute them. */
import { afterAll, describe, expect, it } from 'vitest';
import { type Backend, loadNative } from '../src/backend/index.js';
import { digest, makeModel, type Sizes } from './steps.js';

/** Large enough for every kernel to share its work among threads. */
const SIZES: Sizes = { B: 96, T: 8, C: 96, H: 160, V: 6007, maxLogits: 40 * 6007 };

const native = loadNative() as Backend | null;

describe.skipIf(!native)('threads', () => {
  const before = native?.threads ?? 1;
  afterAll(() => native?.setThreads(before));

  const run = (threads: number) => {
    native!.setThreads(threads);
    expect(native!.threads).toBe(threads);
    const model = makeModel(native!, SIZES);
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
