/** The end of a command that went wrong. */
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { originOf } from './imports.js';
import { Interrupted } from './interrupt.js';

/**
 * Prints what went wrong, in one line, and sets the exit code. A user's error is its message, and so is a
 * file system's that nobody has put into words yet, and what a signal ended; anything else is a fault of
 * ours, or of imported code, and keeps its stack trace.
 *
 * @param rank of several, on which it went wrong.
 */
export function fail(thrown: unknown, rank?: number): void {
  const first = firstOf(thrown);
  const { path } = (first ?? {}) as NodeJS.ErrnoException;
  const error = path === undefined ? first : fileError('cannot use', path, first);
  if (error instanceof UserError || error instanceof Interrupted) {
    const where = rank === undefined ? '' : `rank ${rank}: `;
    console.error(`nanogpt: ${where}${oneLine(error.message)}`);
    process.exitCode = error.exitCode;
    return;
  }
  console.error(error);
  const origin = originOf(error);
  if (origin !== undefined) {
    console.error(`nanogpt: this was thrown by ${origin}, which --import brought in.`);
    process.exitCode = 1;
    return;
  }
  console.error('nanogpt: this is a fault in nanogpt, not in what you did; please report it.');
  process.exitCode = 1;
}

/** What went wrong first: tidying up after it may have failed too, and would bury it. */
function firstOf(thrown: unknown): unknown {
  const { name, suppressed } = (thrown ?? {}) as { name?: string; suppressed?: unknown };
  return name === 'SuppressedError' ? firstOf(suppressed) : thrown;
}
