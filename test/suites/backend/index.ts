/**
 * The conformance suite of `nanogpt/conformance`, for whoever writes a backend: a file of vitest's that calls
 *
 * ```ts
 * import { backendSuite } from 'nanogpt/conformance';
 * import { MyBackend } from './my-backend.js';
 *
 * backendSuite('mine', () => new MyBackend());
 * ```
 *
 * It needs the packages `vitest` and `fast-check`, which nanogpt itself does not bring.
 */
export { backendSuite } from './backend.suite.js';
