import { describe, it } from 'vitest';
import type { Backend } from './backend.js';
import { backendSuite } from './backend.suite.js';
import { gradientSuite } from './gradients.suite.js';
import { loadNative, nativeProblem } from './native-load.js';
import { ReferenceBackend } from './reference.js';

gradientSuite();
backendSuite('reference', () => new ReferenceBackend() as Backend<unknown>);

const native = loadNative();
if (native !== null) {
  backendSuite('native', () => native as Backend<unknown>);
} else if (process.env['CI']) {
  // A machine that checks others' changes has a compiler; without the kernels its checks are worth little.
  it('the native backend loads', () => {
    throw new Error(`CI is set, so the native backend must be there: ${nativeProblem()}`);
  });
} else {
  describe.skip(`the native backend, for want of it: ${nativeProblem()}`, () => it('skipped'));
}
