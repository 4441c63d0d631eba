/** Keeping to the runs folder, whatever a request or a run's folder says. */
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../util/errors.js';

/** There is no such run: an answer of 404. */
export class NoRunError extends UserError {}

/**
 * The folder of the run that is called `name`, or nothing of the kind.
 *
 * The name is not made a path: it is looked for among the names that the runs folder lists, so that nothing that is
 * spelled in a request (`..`, `%2e%2e`, an absolute path, a null byte) leads anywhere else. A link is no run.
 *
 * @throws NoRunError
 */
export function runFolder(folder: string, name: string): string {
  const found = runNames(folder).includes(name);
  if (!found) throw new NoRunError(`there is no run ${JSON.stringify(name).slice(0, 120)}.`);
  return path.join(folder, name);
}

/** The folders below `folder` that say they are runs. Links are not followed. */
export function runNames(folder: string): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .filter((name) => fs.existsSync(path.join(folder, name, 'config.json')));
}

/** Entries of a folder that are looked at for links. */
const MOST_ENTRIES = 10_000;
/** `checkpoints/step-000500/model.safetensors` */
const DEPTH = 3;

/**
 * The path of a link in a run's folder, where there is one: it could show, or have overwritten, a file from anywhere,
 * so such a run is listed but not opened. Also said of a folder with more entries than any run has.
 */
export function foreignPart(folder: string): string | undefined {
  let seen = 0;
  const visit = (at: string, depth: number): string | undefined => {
    let entries: fs.Dirent[];
    try {
      entries = fs.readdirSync(at, { withFileTypes: true });
    } catch {
      return undefined;
    }
    for (const entry of entries) {
      const full = path.join(at, entry.name);
      if (++seen > MOST_ENTRIES) return full;
      if (entry.isSymbolicLink()) return full;
      const inner = entry.isDirectory() && depth > 1 ? visit(full, depth - 1) : undefined;
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  const found = visit(folder, DEPTH);
  return found === undefined ? undefined : path.relative(folder, found);
}

/** @throws UserError where a run's folder holds what is not to be followed. */
export function requireOwn(folder: string): void {
  const part = foreignPart(folder);
  if (part === undefined) return;
  throw new UserError(
    `${path.basename(folder)}: ${JSON.stringify(part)} is a link, or one entry too many; the Lab opens no run that reaches outside its folder.`,
  );
}
