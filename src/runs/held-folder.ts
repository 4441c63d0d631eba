/** Holding on to one folder, whatever comes to stand under its name. */
import fs from 'node:fs';
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';

/** A run's folder was renamed, removed or replaced while it was in use. */
export class FolderGoneError extends UserError {}

/** A folder, known by its device and number there. */
export class HeldFolder {
  readonly #identity: string;

  /** @throws UserError when there is no such folder. */
  constructor(readonly path: string) {
    const identity = identityOf(path);
    if (identity === undefined) throw new UserError(`${path}: is no folder.`);
    this.#identity = identity;
  }

  /** @throws FolderGoneError unless the same folder still stands there. */
  check(): void {
    let now: string | undefined;
    try {
      now = identityOf(this.path);
    } catch {
      now = undefined; // it cannot be looked at, and so not be written to
    }
    if (now === this.#identity) return;
    const what = now === undefined ? 'is no longer there' : 'is not the one that it was';
    throw new FolderGoneError(
      `${this.path}: this folder ${what}: it was renamed, removed or replaced while it was in use. Training has ended; nothing was written in its place. If it was renamed, what was saved is in it: go on with --resume and its new name.`,
    );
  }
}

/** Undefined where there is no folder. */
function identityOf(folder: string): string | undefined {
  let stat: fs.BigIntStats | undefined;
  try {
    stat = fs.statSync(folder, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw fileError('cannot read', folder, error);
  }
  return stat?.isDirectory() ? `${stat.dev} ${stat.ino}` : undefined;
}
