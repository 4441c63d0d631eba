/** Folders that appear whole or not at all. */
import fs from 'node:fs';
import path from 'node:path';
import { fileError, isAlive, syncFolder } from './atomic-file.js';

const PREFIX = '.tmp-';
/** A folder of this module, or a file of `AtomicFile`, with the number of the process that made it. */
const LEFTOVER = /^\.tmp-.*-(\d+)$|^\..*\.(\d+)-(?:[0-9a-f]{8}-)?[0-9a-f]+\.partial$/;

/**
 * Makes a folder aside, in its parent, which must be there; lets `fill` put files into it (each synced by whoever writes it), syncs it, and
 * gives it its name. A process killed on the way leaves a `.tmp-…` that `removeLeftovers` takes away.
 *
 * @returns false when the name is taken by a folder that is not empty; nothing has changed then.
 * @throws UserError where the file system refuses; nothing is left behind then.
 */
export function createWholeFolder(target: string, fill: (folder: string) => void): boolean {
  const parent = path.dirname(target);
  const aside = asideName(target);
  try {
    fs.rmSync(aside, { recursive: true, force: true });
    fs.mkdirSync(aside);
    fill(aside);
    syncFolder(aside);
    if (isTaken(target)) return false;
    fs.renameSync(aside, target);
    syncFolder(parent);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false; // someone was faster
    throw fileError('cannot write', target, error);
  } finally {
    removeQuietly(aside);
  }
}

/** Whether anything but an empty folder has this name. */
export function isTaken(target: string): boolean {
  const stat = fs.lstatSync(target, { throwIfNoEntry: false });
  return stat !== undefined && !(stat.isDirectory() && fs.readdirSync(target).length === 0);
}

/** Removes a folder so that it is there whole or not at all: it loses its name first. */
export function removeWholeFolder(target: string): void {
  const aside = asideName(target);
  try {
    fs.rmSync(aside, { recursive: true, force: true });
    fs.renameSync(target, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileError('cannot remove', target, error);
  }
  removeQuietly(aside);
}

function asideName(target: string): string {
  return path.join(path.dirname(target), `${PREFIX}${path.basename(target)}-${process.pid}`);
}

/** Takes away what killed processes left aside in `parent`; what living ones are writing stays. */
export function removeLeftovers(parent: string): void {
  let entries: string[];
  try {
    entries = fs.readdirSync(parent);
  } catch {
    return; // not there yet, or no folder: whoever goes on to write there says so
  }
  for (const entry of entries) {
    const pid = LEFTOVER.exec(entry)?.slice(1).find(Boolean);
    if (pid === undefined) continue;
    if (Number(pid) === process.pid || !isAlive(Number(pid)))
      removeQuietly(path.join(parent, entry));
  }
}

/** What cannot be removed is in nobody's way: it is ignored by its name. */
function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { recursive: true, force: true });
  } catch {
    // See above.
  }
}
