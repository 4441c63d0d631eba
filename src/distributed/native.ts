/** The backend whose memory MPI can reach. */
import { loadNative, type NativeBackend, nativeProblem } from '../backend/index.js';
import { UserError } from '../util/errors.js';

/** @throws UserError where there are no native kernels. */
export function requireNative(): NativeBackend {
  const backend = loadNative();
  if (backend) return backend;
  throw new UserError(`training on several ranks needs the native kernels: ${nativeProblem()}.`);
}
