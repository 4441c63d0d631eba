/** Searches with a time limit. */
import { createContext, Script } from 'node:vm';
import { UserError } from '../../util/errors.js';

type Search = (regexp: RegExp, text: string) => number[];

const WATCHED = new Script('search(regexp, text)');
let context: { search: Search | undefined; regexp: RegExp | undefined; text: string } | undefined;

/** As `search` does, but no longer than `limit` milliseconds. @param what was searched, for the error. */
export function searchWatched(
  search: Search,
  regexp: RegExp,
  text: string,
  limit: number,
  what: string,
): number[] {
  context ??= createContext({ search: undefined, regexp: undefined, text: '' }) as NonNullable<
    typeof context
  >;
  Object.assign(context, { search, regexp, text });
  try {
    return WATCHED.runInContext(context, { timeout: limit }) as number[];
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new UserError(
        `${what} took more than ${(limit / 1000).toFixed(1)} s on a text of ${text.length} characters, so it was stopped; ` +
          'a simpler pattern is needed',
        { cause },
      );
    }
    if (cause instanceof RangeError) {
      throw new UserError(`${what} needs too much memory for a text of ${text.length} characters`, {
        cause,
      });
    }
    throw cause;
  } finally {
    Object.assign(context, { regexp: undefined, text: '' });
  }
}
