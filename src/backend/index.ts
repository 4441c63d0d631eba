/** Backends, and which one is used. */
import { UsageError, UserError } from '../util/errors.js';
import type { Backend } from './backend.js';
import { loadNative, nativeProblem } from './native-load.js';
import { ReferenceBackend } from './reference.js';

export {
  type AttentionSize,
  type Backend,
  type BinaryOp,
  type Collected,
  type DType,
  type GatedOp,
  type HeadSteps,
  type IntegerOp,
  type IntegerReduceOp,
  type MatmulOptions,
  type MatmulSize,
  type MemoryReport,
  matmulSize,
  type ParameterUpdate,
  type RandomKey,
  type ReduceOp,
  type UnaryOp,
} from './backend.js';
export { NativeBackend } from './native.js';
export { loadNative, nativeProblem } from './native-load.js';
export { ReferenceBackend } from './reference.js';

let chosen: Backend | undefined;

/**
 * The default backend of tensors, the same one on every call: the native one
 * where it loads, otherwise the reference (`backendNotice()` then says why).
 *
 * NANOGPT_BACKEND=native insists, NANOGPT_BACKEND=reference does without.
 *
 * @throws UserError when the native backend is insisted on and cannot be had.
 */
export function defaultBackend(): Backend {
  chosen ??= choose(process.env['NANOGPT_BACKEND'] ?? '');
  return chosen;
}

function choose(wanted: string): Backend {
  if (!['', 'native', 'reference'].includes(wanted)) {
    throw new UsageError(`NANOGPT_BACKEND: expected native or reference, got "${wanted}"`);
  }
  const native = wanted === 'reference' ? null : loadNative();
  if (native) return native as Backend;
  if (wanted === 'native') throw new UserError(`NANOGPT_BACKEND=native: ${nativeProblem()}`);
  return new ReferenceBackend() as Backend;
}

/** One line for the user when the slow backend is in use though nobody asked for it; otherwise null. */
export function backendNotice(): string | null {
  const fallback = defaultBackend().name === 'reference' && !process.env['NANOGPT_BACKEND'];
  return fallback ? `using the slow reference backend: ${nativeProblem()}` : null;
}
