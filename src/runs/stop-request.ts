/**
 * Asking whoever trains in a run to stop: by a file in its folder, since a process's number in a file that may come
 * from anywhere is not to be sent a signal to.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { lockHolder } from './run-lock.js';

const FILE = 'train.stop';

/** Asks for an end after the step under way; it is saved first. @throws UserError where nobody trains in the run. */
export function requestStop(folder: string): void {
  if (lockHolder(folder) === undefined) {
    throw new UserError(`${path.basename(folder)}: no process is training in this run.`);
  }
  const file = path.join(folder, FILE);
  try {
    fs.writeFileSync(file, '', { flag: 'wx' }); // and not through a link
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return; // asked already
    throw fileError('cannot write', file, error);
  }
}

/** Whether a stop was asked for. */
export function isStopRequested(folder: string): boolean {
  return fs.lstatSync(path.join(folder, FILE), { throwIfNoEntry: false }) !== undefined;
}

/** What was asked for has been done, or is of before. */
export function clearStopRequest(folder: string): void {
  try {
    fs.rmSync(path.join(folder, FILE), { force: true, recursive: true });
  } catch {
    // The folder is lost, or may not be written: whoever saves in it says so.
  }
}
