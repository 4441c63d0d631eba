/** One process at a time trains in a run directory. */
import fs from 'node:fs';
import path from 'node:path';
import { fileError, isAlive } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readRegularFile } from '../util/read-file.js';

const LOCK = 'train.lock';
const heldHere = new Set<string>();

/** When a process began, where the system tells (Linux): numbers are used again, so it takes both. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** The number of the process that trains in `folder` now, or undefined. */
export function lockHolder(folder: string): number | undefined {
  return holderOf(path.join(path.resolve(folder), LOCK));
}

function holderOf(file: string): number | undefined {
  let pid: number;
  let start: string | undefined;
  try {
    const [first, second] = readRegularFile(file, 256).toString('utf8').trim().split(' ');
    pid = Number(first);
    start = second;
  } catch {
    return undefined;
  }
  // A killed process's number can come back as this one's, in a container above all.
  if (pid === process.pid) return heldHere.has(file) ? pid : undefined;
  if (!isAlive(pid) || (start && startOf(pid) && start !== startOf(pid))) return undefined;
  return pid;
}

/**
 * Takes the lock; what a killed process left is taken over.
 *
 * @returns how to give it back.
 * @throws UserError when another process trains in the run, or the folder cannot be written.
 */
export function lockRun(folder: string): () => void {
  const file = path.join(path.resolve(folder), LOCK);
  const holder = lockHolder(folder);
  if (holder !== undefined) {
    throw new UserError(
      `${folder}: process ${holder} is training in this run. Wait for it, stop it, or, if it is no such process, remove ${file}.`,
    );
  }
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  try {
    removeStale(file);
    write(file, mine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new UserError(`${folder}: another process has just begun to train in this run.`);
    }
    throw fileError('cannot write', file, error);
  }
  heldHere.add(file);
  return () => {
    if (!heldHere.delete(file)) return;
    try {
      // The folder may have been renamed, and another run's lock stand here.
      if (readRegularFile(file, 256).toString('utf8') === mine) fs.rmSync(file);
    } catch {
      // What is gone needs no release, and what stays names a process that will be gone.
    }
  };
}

/**
 * Takes away what a killed process left. It is renamed before it is looked at again: another process may
 * have found it stale, too, and have put a lock of its own in its place since.
 */
function removeStale(file: string): void {
  const aside = `${file}-${process.pid}`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // there is none
    throw error;
  }
  if (holderOf(aside) !== undefined) fs.linkSync(aside, file); // back; `write` then finds it
  fs.rmSync(aside, { recursive: true });
}

/** Writes a lock that is there with its contents or not at all. @throws EEXIST when there is one. */
function write(file: string, contents: string): void {
  const own = `${file}-${process.pid}`;
  try {
    fs.writeFileSync(own, contents);
    fs.linkSync(own, file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(code)) throw error;
    fs.writeFileSync(file, contents, { flag: 'wx' }); // a file system without hard links
  } finally {
    fs.rmSync(own, { force: true });
  }
}
