/**
 * Stands in for `search-watched.ts` in a browser, which has no way to end a search but with the worker that it is in: the
 * page can do that.
 */
import { UserError } from '../../util/errors.js';

type Search = (regexp: RegExp, text: string) => number[];

export function searchWatched(
  search: Search,
  regexp: RegExp,
  text: string,
  _limit: number,
  what: string,
): number[] {
  try {
    return search(regexp, text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UserError(`${what} needs too much memory for a text of ${text.length} characters`, {
      cause,
    });
  }
}
