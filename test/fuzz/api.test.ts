/**
 * Drawn calls of the public functions, classes and methods: none may end the process, and none may fail
 * otherwise than by an error that says what was expected.
 */
import { describe, expect, it } from 'vitest';
import { manualSeed, noGrad, scope, Tensor, UserError } from '../../src/index.js';
import { unlistedWithGradient } from '../../src/tensor/internal.js';
import { Draw } from './draw.js';
import { argumentsFor } from './recipes.js';
import { show } from './show.js';
import { type Target, targets } from './targets.js';
import { CALLS, type Failure, fuzz, placeOf, trace } from './watch.js';

/** One call, and sometimes the backward of its result. */
function attempt(target: Target, seed: number): Failure[] {
  const draw = new Draw(seed);
  const values = argumentsFor(target.name, target.expected, draw);
  const call = () => `${target.name}(${values.map((value) => show(value)).join(', ')})`;
  trace(call);
  const began = performance.now();
  try {
    const result = target.call(draw, values);
    if (result instanceof Promise) result.catch(() => {});
    if (result instanceof Tensor && result.requiresGrad) result.sum().backward();
  } catch (error) {
    if (!(error instanceof UserError)) {
      const place = placeOf(error);
      return [
        {
          kind: `${target.name} ${place.split('\n')[0]}`,
          text: `${call()}: ${String(error)}\n${place}`,
        },
      ];
    }
    if (error.message.includes('got a gradient, but no module')) forget();
    if (/\n\s+at |\[object/.test(error.message)) {
      return [{ kind: target.name, text: `${call()}: the wording of "${error.message}"` }];
    }
  }
  const took = performance.now() - began;
  if (took < 20_000) return []; // a busy machine may well take some seconds
  return [{ kind: target.name, text: `${call()}: took ${took.toFixed(0)} ms` }];
}

/** A parameter that nobody lists is the business of one call, and not of the optimizers of those after it. */
function forget(): void {
  for (let stray = unlistedWithGradient(); stray; stray = unlistedWithGradient()) stray.zeroGrad();
}

describe('fuzz', () => {
  const list = targets();

  it('meets the whole API', () => {
    expect(list.length).toBeGreaterThan(150);
  });

  it(`the public API: ${CALLS} drawn calls`, { timeout: 0 }, () => {
    fuzz('test/fuzz/api.test.ts', CALLS, (seed) =>
      scope(() => attempt(list[seed % list.length], seed)),
    );
    manualSeed(0);
    expect(noGrad(() => 1)).toBe(1);
  });
});
