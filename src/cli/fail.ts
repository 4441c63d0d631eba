/** The end of a command that went wrong. */
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { Interrupted } from './interrupt.js';

/**
 * Prints what went wrong and sets the exit code. A user's error is its message, and so is a file
 * system's that nobody has put into words yet, and what a signal ended; anything else is a fault of ours and keeps its stack
 * trace.
 */
export function fail(thrown: unknown): void {
  const { path } = (thrown ?? {}) as NodeJS.ErrnoException;
  const error = path === undefined ? thrown : fileError('cannot use', path, thrown);
  if (error instanceof UserError || error instanceof Interrupted) {
    console.error(`nanogpt: ${error.message}`);
    process.exitCode = error.exitCode;
    return;
  }
  console.error(error);
  console.error('nanogpt: this is a fault in nanogpt, not in what you did; please report it.');
  process.exitCode = 1;
}
