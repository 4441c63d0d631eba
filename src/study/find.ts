/** Where studies lie, and loading one. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError, UserError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import type { AnyStudy } from './design.js';

/** Built, they lie in dist/studies; as sources, in studies/. */
const isSource = import.meta.url.endsWith('.ts');
const FOLDER = fileURLToPath(new URL(isSource ? '../../studies' : '../studies', import.meta.url));
const ENDING = isSource ? '.ts' : '.js';

/** A study and the files that it is. */
export interface FoundStudy {
  readonly study: AnyStudy;
  readonly file: string;
}

/** The names of all studies of this package. */
export function studyNames(): string[] {
  return fs
    .readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING) && !file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}

/** What studies share: the code that decides their runs beside their own files. */
export function sharedFiles(): string[] {
  const folder = path.join(FOLDER, 'lib');
  const all = fs.readdirSync(folder).filter((file) => file.endsWith(ENDING));
  return all.sort().map((file) => path.join(folder, file));
}

/**
 * A study of this package by its name, or anybody's by its file.
 *
 * @throws UsageError for a name that none has, naming the nearest; UserError for a file that exports no study.
 */
export async function findStudy(name: string): Promise<FoundStudy> {
  const isFile = /[\\/]|\.[mc]?[jt]s$/.test(name);
  if (!isFile && !studyNames().includes(name)) {
    const hint = nearestHint(name, studyNames());
    throw new UsageError(`unknown study "${name}".${hint} \`nanogpt study\` lists them.`);
  }
  const file = isFile ? path.resolve(name) : path.join(FOLDER, name + ENDING);
  if (!fs.existsSync(file)) throw new UsageError(`study ${name}: there is no such file.`);
  const { default: study } = (await import(pathToFileURL(file).href)) as { default?: AnyStudy };
  if (typeof study?.run !== 'function' || typeof study.name !== 'string') {
    throw new UserError(
      `${name}: expected a file whose default export is a study (defineStudy of nanogpt/study).`,
    );
  }
  return { study, file };
}
