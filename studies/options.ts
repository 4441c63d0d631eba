/** What studies read from the command line. */
import { UsageError } from 'nanogpt';

/** A whole number from 1. @throws UsageError */
export function wholeOption(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new UsageError(`--${name} ${text}: expected a whole number from 1.`);
}

/**
 * Those of `all` that `--only a,b` names by how they begin; all without it.
 *
 * @param what each of them is, for the error.
 * @throws UsageError for a beginning that none has.
 */
export function chosenBy<T extends { name: string }>(
  only: string | undefined,
  all: readonly T[],
  what: string,
): T[] {
  const names = only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !all.some((each) => each.name.startsWith(name)));
  if (unknown !== undefined) {
    const known = all.map(({ name }) => name).join('; ');
    throw new UsageError(`--only ${unknown}: no ${what} begins so. There are: ${known}.`);
  }
  return all.filter(({ name }) => names?.some((n) => name.startsWith(n)) ?? true);
}
