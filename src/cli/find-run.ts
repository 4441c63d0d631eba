/** Finding a run by what the user calls it. */
import fs from 'node:fs';
import path from 'node:path';
import { closest } from 'fastest-levenshtein';
import { UsageError } from '../util/errors.js';

/** Where runs go by default. */
export const RUNS = 'runs';

/** The folder of a run, given that folder or its name below `runs/`; undefined when there is none. */
export function lookForRun(name: string): string | undefined {
  if (name === '') return undefined; // and not the working folder
  return [name, path.join(RUNS, name)].find((folder) =>
    fs.existsSync(path.join(folder, 'config.json')),
  );
}

/** Names of the folders in `parent` that hold a run, in order. */
export function runNames(parent: string): string[] {
  if (!fs.existsSync(parent)) return [];
  return fs
    .readdirSync(parent)
    .filter(
      (name) => !name.startsWith('.') && fs.existsSync(path.join(parent, name, 'config.json')),
    )
    .sort();
}

/** As `lookForRun`. @throws UsageError that names the nearest run, or says how to make one. */
export function findRun(name: string): string {
  const found = lookForRun(name);
  if (found !== undefined) return found;
  const known = runNames(RUNS);
  const problem = fs.existsSync(name)
    ? `${name} is not a run (it has no config.json).`
    : `there is no run "${name}".`;
  const remedy =
    known.length === 0
      ? `There are none in ${RUNS}/ yet; \`nanogpt train\` makes one.`
      : `Did you mean "${closest(path.basename(name), known)}"? \`nanogpt runs\` lists them.`;
  throw new UsageError(`${problem} ${remedy}`);
}
