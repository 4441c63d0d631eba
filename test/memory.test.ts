/** A thousand training steps leave memory where it was. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Backend, loadNative, ReferenceBackend } from '../src/backend/index.js';
import type { Tensor } from '../src/tensor/index.js';
import { type Model, makeModel, type Sizes } from './steps.js';

const SIZES: Sizes = { B: 32, T: 4, C: 16, H: 32, V: 500, maxLogits: 32 * 200 };

/** Steps of which each has to leave exactly the buffers that there were before. */
function trainSteadily(backend: Backend, { step }: Model, steps: number): void {
  const { bytesInUse, buffers } = backend.memory;
  for (let i = 0; i < steps; i++) {
    step();
    const now = backend.memory;
    if (now.bytesInUse !== bytesInUse || now.buffers !== buffers) {
      expect.fail(
        `step ${i}: ${now.buffers} buffers of ${now.bytesInUse} bytes, before ${buffers} of ${bytesInUse}`,
      );
    }
  }
}

/** The collector, which node hides unless told otherwise. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

describe('memory', () => {
  it('holds the same buffers after every step, on the reference backend', () => {
    const backend = new ReferenceBackend() as Backend;
    const model = makeModel(backend, { B: 4, T: 2, C: 3, H: 5, V: 11, maxLogits: 22 });
    model.step();
    const { peakBytes, buffers } = backend.memory;
    expect(buffers).toBe(4 + 1); // the parameters, and the constant 1
    trainSteadily(backend, model, 200);
    expect(backend.memory.peakBytes).toBe(peakBytes);
  });

  const native = loadNative() as Backend | null;

  it.skipIf(!native)('is flat over 1,000 steps on the native backend', () => {
    const backend = native!;
    const model = makeModel(backend, SIZES);
    const collect = collector();
    /** Resident bytes after each of `rounds` times 100 steps and a collection. */
    const readings = (rounds: number) =>
      Array.from({ length: rounds }, () => {
        trainSteadily(backend, model, 100);
        collect();
        return process.memoryUsage().rss;
      });

    model.step();
    // JavaScript's own heap and compiled code grow to their size first. Readings move up and down by
    // some pages, so the least of the last is held against the greatest of the first.
    readings(10);
    const before = Math.max(...readings(3));
    const { peakBytes } = backend.memory;
    const after = Math.min(...readings(10).slice(-3));
    expect(after / before - 1).toBeLessThan(0.01);
    expect(backend.memory.peakBytes).toBe(peakBytes);
    for (const parameter of Object.values(model.parameters)) parameter.dispose();
  });

  it.skipIf(!native)('would show a leak', () => {
    const backend = native!;
    const model = makeModel(backend, SIZES);
    model.step();
    const leaking: Model = {
      ...model,
      step() {
        leaked.push(model.parameters.bias.clone().retain());
        return model.step();
      },
    };
    const leaked: Tensor[] = [];
    expect(() => trainSteadily(backend, leaking, 3)).toThrow(/^step 0: \d+ buffers/);
    for (const tensor of [...leaked, ...Object.values(model.parameters)]) tensor.dispose();
  });
});
