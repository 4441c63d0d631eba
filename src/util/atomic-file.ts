/**
 * Files that appear whole or not at all: written aside in the same folder, synced to the disk, then
 * renamed over the target, and the folder synced too, so that even a power cut leaves either the old
 * file or the new one.
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from './errors.js';
import { makeFolder } from './folders.js';

/** After so long without a write, a temporary file of a process that cannot be asked after is given up. */
const LEFTOVER_AGE_MS = 60 * 60 * 1000;
/** `.<name>.<process>-<machine>-<random>.partial`; the machine was not always named. */
const PARTIAL = /^\..+\.(\d+)-(?:([0-9a-f]{8})-)?[0-9a-f]+\.partial$/;

const REMEDIES: Record<string, string> = {
  ENOSPC: 'the disk is full. Free some space, or choose another folder',
  EDQUOT: 'the disk quota is used up. Free some space, or choose another folder',
  EACCES: "permission denied. Check the folder's owner and mode, or choose another folder",
  EPERM: "the operation is not permitted. Check the folder's owner and mode, or choose another",
  EROFS: 'the file system is read-only. Choose another folder',
  ENOTDIR: 'a part of this path is a file where a folder was expected. Choose another path',
  EEXIST: 'a file stands where a folder was expected. Choose another path',
  EISDIR: 'a folder stands where a file was expected. Choose another path',
  ENOENT: 'no such file or folder',
  ENAMETOOLONG: 'the name is too long. Choose a shorter one',
  EFBIG: 'the file is larger than the file system or the limit of this process allows',
  EMFILE: 'too many files are open in this process',
  ELOOP: 'a link leads back to itself. Give the path of the file itself',
};

/**
 * Words a failed file operation as a UserError that names the path and what to do. Anything that is
 * not a file system's error is returned as it came.
 *
 * @param doing what was tried, in front of the path: `cannot write`, `cannot read`.
 */
export function fileError(doing: string, file: string, error: unknown): Error {
  if (error instanceof UserError || !(error instanceof Error)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  const remedy = REMEDIES[code] ?? error.message;
  return new UserError(`${doing} ${file}: ${remedy} (${code}).`, { cause: error });
}

export interface AtomicFileOptions {
  makeFolders?: boolean;
}

/**
 * A file being written aside. `commit()` puts it in its place; leaving the scope without that (`using`,
 * or `abort()`) removes it.
 *
 *     using file = new AtomicFile(path);
 *     file.write(header);
 *     file.write(body);
 *     file.commit();
 *
 * Every method throws a UserError that names the target where the file system refuses, and then nothing
 * is left behind.
 */
export class AtomicFile implements Disposable {
  readonly path: string;
  /** Where the bytes go until `commit()`: `.<name>.<process>-<machine>-<random>.partial` beside it. */
  readonly temporaryPath: string;
  #descriptor: number | undefined;

  /** @param options.makeFolders whether to make missing folders above `target`. Default true. */
  constructor(target: string, { makeFolders = true }: AtomicFileOptions = {}) {
    this.path = path.resolve(target);
    const folder = path.dirname(this.path);
    const name = path.basename(this.path);
    const unique = `${process.pid}-${machine()}-${randomBytes(4).toString('hex')}`;
    this.temporaryPath = path.join(folder, `.${name}.${unique}.partial`);
    try {
      if (makeFolders) makeFolder(folder);
      removeLeftovers(folder);
      this.#descriptor = fs.openSync(this.temporaryPath, 'wx', 0o666);
    } catch (error) {
      throw fileError('cannot write', this.path, error);
    }
  }

  /** Appends bytes. */
  write(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    this.#attempt((descriptor) => {
      let done = 0;
      while (done < bytes.byteLength) {
        done += fs.writeSync(descriptor, bytes, done, bytes.byteLength - done);
      }
    });
  }

  /** Syncs what was written, and puts it in the target's place. The file is then closed. */
  commit(): void {
    this.#attempt((descriptor) => {
      fs.fsyncSync(descriptor);
      fs.closeSync(descriptor);
      this.#descriptor = undefined;
      fs.renameSync(this.temporaryPath, this.path);
      syncFolder(path.dirname(this.path));
    });
  }

  /** Removes what was written so far. Does nothing after `commit()`. */
  abort(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      fs.closeSync(descriptor);
    } catch {
      // Nothing more can be done with it; the removal below is what counts.
    }
    fs.rmSync(this.temporaryPath, { force: true });
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #attempt(action: (descriptor: number) => void): void {
    if (this.#descriptor === undefined) {
      throw new Error(`${this.path}: this atomic file is already committed or aborted`);
    }
    try {
      action(this.#descriptor);
    } catch (error) {
      this.abort();
      fs.rmSync(this.temporaryPath, { force: true }); // when it was closed but could not be renamed
      throw fileError('cannot write', this.path, error);
    }
  }
}

/**
 * Writes a whole file, or leaves what was there.
 *
 * @param data bytes, text (as UTF-8), or pieces of either, one after the other.
 * @throws UserError naming the path and what to do.
 */
export function writeFileAtomic(
  file: string,
  data: Uint8Array | string | Iterable<Uint8Array | string>,
  options: AtomicFileOptions = {},
): void {
  using target = new AtomicFile(file, options);
  if (typeof data === 'string' || data instanceof Uint8Array) target.write(data);
  else for (const piece of data) target.write(piece);
  target.commit();
}

/** Makes a rename in this folder survive a power cut. A no-op where folders cannot be synced. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error; // some network file systems cannot
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Removes what killed processes left in a folder: they could not clean up after themselves. Of a process
 * of this machine it is asked whether it still lives; of another's file only its age tells.
 *
 * @throws nothing: a folder that is missing or cannot be changed stays as it is.
 */
export function removeLeftovers(folder: string): void {
  let entries: string[];
  try {
    entries = fs.readdirSync(folder);
  } catch {
    return;
  }
  for (const entry of entries) {
    const [, pid, where] = PARTIAL.exec(entry) ?? [];
    if (pid === undefined) continue;
    const leftover = path.join(folder, entry);
    try {
      const isOrphan = where === machine() && !isAlive(Number(pid));
      const isOld = Date.now() - fs.statSync(leftover).mtimeMs > LEFTOVER_AGE_MS;
      if (isOrphan || isOld) fs.rmSync(leftover, { force: true });
    } catch {
      // Somebody else was quicker, or it is not ours to remove.
    }
  }
}

/** Whether a process with this number exists, as far as the system tells. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return !hasEnded(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it exists, and is someone else's
  }
}

/** Whether it has ended, and keeps its number only until its parent asks how: some containers have nobody that asks. */
function hasEnded(pid: number): boolean {
  try {
    const [, state] = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
    return state?.startsWith('Z') ?? false;
  } catch {
    return false; // not on Linux
  }
}

let machineName: string | undefined;

/** Eight hex digits for the machine, or the container, within which a process has its number. */
export function machine(): string {
  if (machineName === undefined) {
    let space = '';
    try {
      space = fs.readlinkSync('/proc/self/ns/pid'); // Linux: containers may share a name and a folder
    } catch {
      // Elsewhere the host's name has to do.
    }
    const hash = createHash('sha256').update(`${os.hostname()} ${space}`);
    machineName = hash.digest('hex').slice(0, 8);
  }
  return machineName;
}
