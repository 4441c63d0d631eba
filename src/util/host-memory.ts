/** Arrays on JavaScript's side, whose sizes come from outside. */
import { UserError } from './errors.js';

/** What `make` allocates. @throws UserError, where it is too large to be had, that `what` does not fit. */
export function inHostMemory<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UserError(`out of memory: ${what} does not fit`, { cause });
  }
}
