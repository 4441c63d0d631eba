export type { Backend, DType } from './backend.js';
export { ReferenceBackend } from './reference.js';

import type { Backend } from './backend.js';
import { ReferenceBackend } from './reference.js';

/** The backend that new tensors get unless told otherwise. */
export function defaultBackend(): Backend {
  return new ReferenceBackend();
}
