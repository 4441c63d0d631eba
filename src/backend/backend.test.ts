import { expect, it } from 'vitest';
import { backendSuite } from '../../test/suites/backend/backend.suite.js';
import { gradientSuite } from '../../test/suites/backend/gradients.suite.js';
import type { Backend } from './backend.js';
import { loadNative, nativeProblem } from './native-load.js';
import { ReferenceBackend } from './reference.js';
import { loadWasm, wasmProblem } from './wasm-load.js';

gradientSuite();
backendSuite('reference', () => new ReferenceBackend() as Backend<unknown>);

/** A machine that checks others' changes has a compiler and has built all; without the kernels its checks are worth little. */
function kernelsSuite(name: string, backend: Backend | null, problem: string | null): void {
  it.runIf(backend !== null || process.env['CI'])(`the ${name} backend loads`, () => {
    expect(problem).toBeNull();
  });
  if (backend !== null) backendSuite(name, () => backend as Backend<unknown>);
}

kernelsSuite('native', loadNative() as Backend | null, nativeProblem());
kernelsSuite('wasm', loadWasm() as Backend | null, wasmProblem());
