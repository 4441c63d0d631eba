import { describe, it } from 'vitest';
import { backendSuite } from '../../test/suites/backend/backend.suite.js';
import { gradientSuite } from '../../test/suites/backend/gradients.suite.js';
import type { Backend } from './backend.js';
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
