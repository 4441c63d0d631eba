/** A thousand training steps leave memory where it was. */
import { execFileSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Backend, ReferenceBackend } from '../src/backend/index.js';
import type { Tensor } from '../src/tensor/index.js';
import { type Model, makeModel, type Sizes } from './steps.js';
import { kernels, named, native } from './suites/backends.js';

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

/** The collector, which node hides by default. */
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

  it.each(named(kernels))('is flat over 1,000 steps on the %s backend', (_, backend) => {
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

  it.each(named(kernels))('would show a leak on the %s backend', (_, backend) => {
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

  it.skipIf(!native)('is flat in a synchronous loop that knows of no scopes', () => {
    // In a process of its own, whose peak is its own: 3,000 steps make 500 MB of results and gradients.
    const program = `
      import { crossEntropy, embedding, randn, zeros } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      const leaf = (x) => x.detach().requireGrad();
      const params = [randn([27, 10]), randn([30, 200]).mul(0.3), zeros([200]), randn([200, 27]).mul(0.01), zeros([27])].map(leaf);
      const [C, W1, b1, W2, b2] = params;
      const ids = Array.from({ length: 32 }, (_, i) => [i % 27, (i * 7) % 27, (i * 5) % 27]);
      const targets = ids.map(([a]) => a);
      const losses = [];
      for (let step = 0; step < 3000; step++) {
        const h = embedding(C, ids).view(32, 30).matmul(W1).add(b1).tanh();
        const loss = crossEntropy(h.matmul(W2).add(b2), targets);
        for (const p of params) p.grad = null;
        loss.backward();
        for (const p of params) p.addScaled_(p.grad, -0.1);
        losses.push(loss);
      }
      const peak = process.resourceUsage().maxRSS / 1024;
      console.log(JSON.stringify({ peak, first: losses[0].itemSync(), last: losses.at(-1).itemSync() }));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program]);
    const { peak, first, last } = JSON.parse(printed.toString());
    expect(first).toBeGreaterThan(3);
    expect(last).toBeLessThan(0.1);
    expect(peak).toBeLessThan(300);
  });
});
