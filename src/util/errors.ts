/**
 * Errors that are the user's to fix: a wrong flag, a shape that does not fit, a broken file.
 *
 * The command line prints `message` alone (no stack trace) and exits with `exitCode`. A message says
 * what was expected, what came, and, where it is not plain, what to do.
 */
export class UserError extends Error {
  /** 1 for a run that failed, 2 for wrong usage. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Wrong usage: an option, key or name that does not exist or does not fit. Exit code 2. */
export class UsageError extends UserError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { ...options, exitCode: 2 });
  }
}

/** Work was ended because its `AbortSignal` asked for it. The message says what was ended. */
export class StoppedError extends UserError {}

/** A text has what a tokenizer's vocabulary has not. */
export class VocabularyError extends UserError {}

/**
 * A tensor operation was given arguments that do not fit. The message names the operation:
 * `matmul: expected inner dimensions to match, got (2, 3) × (4, 5)`.
 */
export class ShapeError extends UserError {
  constructor(operation: string, problem: string) {
    super(`${operation}: ${problem}`);
  }
}
