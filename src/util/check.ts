/** What public functions check of their arguments before they read a field of them. */
import { describeValue } from './describe.js';
import { UserError } from './errors.js';
import { nearestHint } from './nearest.js';

/**
 * The options given, or none. Throws unless they are a plain object, for a tensor or a map has none of the
 * names, and have no key but those known: one that is misspelt would change nothing, and nobody would know.
 */
export function checkOptions<T extends object, const Known extends readonly (keyof T & string)[]>(
  operation: string,
  options: T | undefined,
  known: Known & AllOf<T, Known>,
): T {
  const given = checkObject(operation, options);
  checkKeys(operation, given, known);
  return given;
}

/** Throws where an object has a key that is not one of `known`, and something behind it. */
export function checkKeys(operation: string, given: object, known: readonly string[]): void {
  for (const key in given) {
    if (known.includes(key) || given[key as keyof typeof given] === undefined) continue;
    throw new UserError(`${operation}: there is no option "${key}".${nearestHint(key, known)}`);
  }
}

/** Anything where the list has every key of T; otherwise what nothing can be assigned to. */
export type AllOf<T, Known extends readonly unknown[]> = [keyof T] extends [Known[number]]
  ? unknown
  : never;

/** As `checkOptions`, for objects of which only some fields are read. */
export function checkObject<T extends object>(operation: string, options: T | undefined): T {
  if (options === undefined) return {} as T;
  if (options !== null && Object.getPrototypeOf(options) === Object.prototype) return options; // most are
  const description = describeValue(options);
  if (description !== 'an object') {
    throw new UserError(
      `${operation}: expected options, an object such as { … }, got ${description}`,
    );
  }
  return options;
}

/** Throws unless `value` is a number of at least `least`, and at most `most`; `name` says which. */
export function checkRange(
  operation: string,
  name: string,
  value: unknown,
  least = -Infinity,
  most = Infinity,
): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  const range =
    least === -Infinity && most === Infinity
      ? ''
      : most === Infinity
        ? ` of at least ${least}`
        : ` from ${least} to ${most}`;
  throw new UserError(
    `${operation}: expected ${name} to be a number${range}, got ${describeValue(value)}`,
  );
}

/** As `checkRange`, for what an infinite value makes no sense of. */
export function checkFinite(operation: string, name: string, value: unknown, least?: number): void {
  if (Number.isFinite(value) && (least === undefined || (value as number) >= least)) return;
  throw new UserError(
    `${operation}: expected ${name} to be a ${least === undefined ? 'finite number' : `number of at least ${least}`}, got ${describeValue(value)}`,
  );
}

/** Throws unless `value` is a whole number of at least `least`; `name` says which. */
export function checkWhole(operation: string, name: string, value: unknown, least = 0): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new UserError(
      `${operation}: expected ${name} to be a whole number of at least ${least}, got ${describeValue(value)}`,
    );
  }
}

/** Throws unless `value` is true or false; `name` says which. */
export function checkFlag(operation: string, name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new UserError(
    `${operation}: expected ${name} to be true or false, got ${describeValue(value)}`,
  );
}

/** Throws unless `value` is a function; `what` says which. */
export function checkFunction(operation: string, what: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new UserError(`${operation}: expected ${what}, a function, got ${describeValue(value)}`);
}

/** Throws unless `value` can be gone through; `what` says what it is to hold. */
export function checkIterable(operation: string, what: string, value: unknown): void {
  const isIterable =
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function';
  if (isIterable) return;
  throw new UserError(`${operation}: expected ${what}, got ${describeValue(value)}`);
}
