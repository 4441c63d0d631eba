/** Paths and commands as one would type them. */
import path from 'node:path';

/** Relative where it lies below the working folder, otherwise absolute. */
export function shownPath(target: string): string {
  const relative = path.relative(process.cwd(), target);
  const below = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  return below ? relative : path.resolve(target);
}

/** An argument that a shell takes as one word. */
export function quoted(argument: string): string {
  return /^[\w./:=@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
