/** The texts of a folder, joined to one. */
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileError } from '../util/atomic-file.js';
import { StoppedError, UserError } from '../util/errors.js';
import { irregularKind, MAX_FILE_BYTES, readRegularFile } from '../util/read-file.js';
import { textOf } from './text-bytes.js';

/** Files of a folder that count as text, by the end of their names (any case); each also with `.gz`. */
export const TEXT_EXTENSIONS = ['.txt', '.text', '.md', '.markdown', '.rst', '.tex'];

/** So many of what was left out are named. */
const MOST_NAMED = 3;

export interface FolderText {
  readonly text: string;
  /** One line for the user about what was left out. */
  readonly notice?: string;
}

/**
 * Joins all text files below a folder in the order of their relative paths (by code unit), a line end
 * added between two where it is missing. Hidden files and folders are no part of it. What cannot be text
 * is left out and named in the notice: empty files, links to nothing, pipes, devices, and links to a
 * folder that is read already (which may lie around the link itself).
 *
 * @param maxBytes the most that the files may have together. Default `MAX_FILE_BYTES`.
 * @throws UserError when there is no text, a file is not UTF-8, or something cannot be read.
 */
export async function readFolder(
  folder: string,
  options: { signal?: AbortSignal | undefined; maxBytes?: number } = {},
): Promise<FolderText> {
  const { signal, maxBytes = MAX_FILE_BYTES } = options;
  const { files, skipped, others } = filesBelow(folder);
  const parts: string[] = [];
  let left = maxBytes;
  let endsLine = true;
  for (const file of files) {
    await nextTurn(); // a folder may be large: a signal is heard between two files
    if (signal?.aborted) throw new StoppedError(`reading ${folder} was stopped`);
    const full = path.join(folder, file);
    const bytes = readRegularFile(full, maxBytes);
    if (bytes.length === 0) {
      skipped.push(`${file} (empty)`);
      continue;
    }
    const text = await textOf(bytes, full, { maxBytes, signal });
    left -= Buffer.byteLength(text) + 1;
    if (left < 0) {
      throw new UserError(
        `${folder} has more than ${maxBytes} bytes of text, the limit. Use a part of it.`,
      );
    }
    if (!endsLine) parts.push('\n');
    parts.push(text);
    endsLine = text.endsWith('\n');
  }
  const notice = noticeOf(folder, skipped);
  if (parts.length > 0) return { text: parts.join(''), ...(notice && { notice }) };
  const found =
    others + skipped.length === 0
      ? 'an empty folder'
      : [others > 0 && `${others} other entries`, skipped.length > 0 && shortList(skipped)]
          .filter(Boolean)
          .join(' and ');
  throw new UserError(
    `${folder} contains no text: expected at least one file ending in ${TEXT_EXTENSIONS.join(', ')}, ` +
      `found ${found}.`,
  );
}

interface Found {
  /** Relative paths with `/`, sorted by code unit. */
  files: string[];
  skipped: string[];
  /** How many entries are no text by their names. */
  others: number;
}

function filesBelow(root: string): Found {
  const found: Found = { files: [], skipped: [], others: 0 };
  const seen = new Set<string>();
  // Folders that are really there come before links to folders: which of two ways to one folder counts
  // then does not depend on the order of names.
  const folders = [''];
  const links: string[] = [];
  for (;;) {
    const fromLink = folders.length === 0;
    const folder = fromLink ? links.shift() : folders.shift();
    if (folder === undefined) break;
    const { dev, ino } = fs.statSync(path.join(root, folder), { bigint: true });
    if (seen.has(`${dev}:${ino}`)) {
      found.skipped.push(`${folder} (a link to a folder that is read already)`);
      continue;
    }
    seen.add(`${dev}:${ino}`);
    for (const entry of entriesOf(path.join(root, folder))) {
      if (entry.name.startsWith('.')) continue;
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const stat = statOf(path.join(root, relative));
      if (stat?.isDirectory()) {
        (entry.isSymbolicLink() ? links : folders).push(relative);
        found.others++;
      } else if (!isText(entry.name)) {
        found.others++;
      } else {
        const kind = stat === undefined ? 'a link to nothing' : irregularKind(stat);
        if (kind === undefined) found.files.push(relative);
        else found.skipped.push(`${relative} (${kind})`);
      }
    }
  }
  found.files.sort((a, b) => (a < b ? -1 : 1));
  found.skipped.sort((a, b) => (a < b ? -1 : 1));
  return found;
}

function isText(name: string): boolean {
  const lower = name.toLowerCase().replace(/\.gz$/, '');
  return TEXT_EXTENSIONS.includes(path.posix.extname(lower));
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true, encoding: 'utf8' });
  } catch (error) {
    throw fileError('cannot read', folder, error);
  }
}

/** Undefined for a link that leads nowhere, or back to itself. */
function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP') return undefined;
    throw fileError('cannot read', file, error);
  }
}

function noticeOf(folder: string, skipped: readonly string[]): string | undefined {
  return skipped.length === 0 ? undefined : `${folder}: left out ${shortList(skipped)}`;
}

function shortList(items: readonly string[]): string {
  const named = items.slice(0, MOST_NAMED).join(', ');
  const more = items.length - MOST_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
}
