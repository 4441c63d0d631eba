/** Making folders. */
import fs from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and those above it, where they are missing.
 *
 * Node's own `mkdir` with `recursive` is not used: on a read-only file system it reports "no such file or
 * folder", and where a file system refuses to make a folder in one that exists (`/proc`), it never ends.
 *
 * @throws the file system's own error, of the first folder that could not be made.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  let at = path.resolve(folder);
  for (; !exists(at) && path.dirname(at) !== at; at = path.dirname(at)) missing.push(at);
  if (missing.length === 0 && !isFolder(at)) missing.push(at); // a file has its name
  for (const each of missing.reverse()) {
    try {
      fs.mkdirSync(each);
    } catch (error) {
      // Another process may have made it since.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(each)) throw error;
    }
  }
}

/** Whether anything is there that can be looked at. */
function exists(name: string): boolean {
  try {
    return fs.statSync(name, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // making it says why
  }
}

function isFolder(name: string): boolean {
  return exists(name) && fs.statSync(name).isDirectory();
}
