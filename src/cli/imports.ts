/**
 * Code of the user's own (`--import FILE`): imported before a command acts, so that the models, tokenizers and
 * datasets that it registers have a name there. A run writes down what was imported when it was made, and the
 * commands that open it import the same files again.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ImportedFile } from '../runs/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { shownPath } from './paths.js';
import * as hook from './resolve-hook.js';

/** By path, in the order of their import. */
const imported = new Map<string, ImportedFile>();
/** Of each, its import: whoever needs the same file meanwhile waits for it, and fails with it. */
const importing = new Map<string, Promise<void>>();
/** Whether the user named any. */
let given = false;

/** What was imported, for a run's `config.json`. */
export function importedFiles(): ImportedFile[] {
  return [...imported.values()];
}

/** Imports what `--import` named. @throws UserError in one line: no such file, or what its code threw. */
export async function importGiven(files: readonly string[]): Promise<void> {
  for (const file of files) {
    given = true;
    if (!isFile(file)) {
      const what = fs.existsSync(file) ? 'is not a file' : 'there is no such file';
      throw new UsageError(`--import ${file}: ${what}. Expected a .js, .mjs or .ts file.`);
    }
    await importFile(path.resolve(file));
  }
}

/**
 * Imports what was imported when the run was made.
 *
 * A run may come from anywhere, and must not bring code that is run unasked: a file inside its own folder is
 * refused. Where the user names files by `--import`, those stand for recorded ones that are gone.
 *
 * @throws UserError naming `--import`, when a file is missing or refused.
 */
export async function importRecorded(
  folder: string,
  recorded: readonly ImportedFile[] = [],
  notice: (line: string) => void,
): Promise<void> {
  for (const { path: file, sha256 } of recorded) {
    if (imported.has(file)) {
      await importing.get(file);
      noticeChange(file, sha256, notice);
      continue;
    }
    if (!path.isAbsolute(file) || !isFile(file)) {
      if (given) continue;
      throw new UserError(
        `${folder}: was made with --import ${file}, and that file is not there. Say where it is now: --import FILE.`,
      );
    }
    if (isInside(file, folder)) {
      if (given) continue;
      throw new UserError(
        `${folder}: its config.json asks for ${file}, in the run's own folder; code that comes with a run is not run by itself. If you trust it: --import ${file}`,
      );
    }
    await importFile(file);
    noticeChange(file, sha256, notice);
  }
}

function noticeChange(file: string, sha256: string, notice: (line: string) => void): void {
  if (imported.get(file)!.sha256 === sha256) return;
  notice(`${shownPath(file)} has changed since the run was made.`);
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(fs.realpathSync(folder), fs.realpathSync(file));
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}

function importFile(file: string): Promise<void> {
  let work = importing.get(file);
  if (!work) importing.set(file, (work = importOnce(file)));
  return work;
}

async function importOnce(file: string): Promise<void> {
  const shown = shownPath(file);
  requireKnownKind(file, shown);
  hookResolution();
  const sha256 = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  // Known from the beginning, so that what its code throws is known as its own.
  imported.set(file, { path: file, sha256 });
  const quiet = passOver('MODULE_TYPELESS_PACKAGE_JSON');
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${shown}: ${error.message}`);
    throw new UserError(`${shown}${placeOf(error, file)}: ${nameOf(error)}`, { cause: error });
  } finally {
    quiet[Symbol.dispose]();
  }
}

function requireKnownKind(file: string, shown: string): void {
  const extension = path.extname(file);
  if (extension === '.js' || extension === '.mjs') return;
  if (extension !== '.ts') {
    throw new UsageError(`--import ${shown}: expected a .js, .mjs or .ts file.`);
  }
  const { typescript } = process.features as { typescript?: unknown };
  if (typescript) return;
  throw new UsageError(
    `--import ${shown}: Node ${process.version} does not run TypeScript; use Node 22.18, 23.6 or later, or compile the file to JavaScript.`,
  );
}

/** `TypeError: x is not a function`, in one line. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(`threw ${String(error)}`);
  const { name, message } = error;
  return oneLine(name === 'Error' ? message : `${name}: ${message}`);
}

/** `:3`, the line of the file where an error arose, as its stack says. */
function placeOf(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(`${name}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + name.length + 1))?.[0];
    if (line !== undefined) return `:${line}`;
  }
  return '';
}

/** The imported file in which an error arose, as one would type it; undefined when it is none of theirs. */
export function originOf(error: unknown): string | undefined {
  for (const file of imported.keys()) {
    const place = placeOf(error, file);
    if (place !== '') return `${shownPath(file)}${place}`;
  }
  return undefined;
}

let hooked = false;

function hookResolution(): void {
  if (hooked) return;
  hooked = true;
  // The newer of Node's two ways works in this thread, and for `require` as well.
  const { registerHooks } = module as { registerHooks?: (hooks: object) => void };
  if (registerHooks) registerHooks({ resolve: hook.resolve });
  else module.register('./resolve-hook.js', import.meta.url);
}

/**
 * Keeps Node from warning of one thing until disposed of: that it had to look whether a file without a
 * package.json is a module is not for the reader.
 */
function passOver(code: string): Disposable {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const options = rest[0] as { code?: unknown } | undefined;
    const its = typeof options === 'object' ? options?.code : rest[1];
    if (its === code || (warning as { code?: unknown })?.code === code) return;
    (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  return {
    [Symbol.dispose]: () => {
      process.emitWarning = emitWarning;
    },
  };
}
