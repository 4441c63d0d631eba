/**
 * Drawn sequences of calls, each made on a backend of C kernels and on the reference one, which knows of no
 * freed or foreign memory: what the two make of it has to be the same, errors included.
 */
import { describe, it } from 'vitest';
import { ReferenceBackend, withBackend } from '../../src/index.js';
import type { Backend } from '../../src/tensor/index.js';
import { kernels, named } from '../suites/backends.js';
import { CALLS, fuzz, trace } from './watch.js';
import { difference, World } from './world.js';

/** Things that are done in a sequence, about. */
const STEPS = 24;

function worldOn(backend: Backend, seed: number): World {
  const world = new World(seed);
  withBackend(backend, () => world.run());
  return world;
}

describe('fuzz', () => {
  it.each(named(kernels))(`${CALLS} calls in sequences, %s`, { timeout: 0 }, (_, backend) => {
    fuzz('test/fuzz/sequences.test.ts', Math.ceil(CALLS / STEPS), (seed) => {
      trace(() => `sequence ${seed}`);
      const reference = new ReferenceBackend();
      const there = worldOn(reference as Backend, seed);
      const problem = difference(there, worldOn(backend, seed));
      const left = reference.memory.buffers - 1; // but for the constant that backward() starts from
      if (left > 0) return [{ kind: 'leak', text: `${left} buffers are left` }];
      return problem === null ? [] : [{ kind: problem.slice(0, 40), text: problem }];
    });
  });
});
