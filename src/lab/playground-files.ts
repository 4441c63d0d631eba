/** The playground's page as files: those that were built, the kernels, and the tables of tokenizers. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../util/errors.js';
import { createWholeFolder } from '../util/whole-folder.js';

/** Two folders up, both from src/lab and from dist/lab. */
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};
/** Read as a host of Netlify's or Cloudflare's kind reads it; to others it is a file like any. */
const HEADERS_FILE = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
`;

/** A file of the page. */
export interface PageFile {
  /** Where it lies on this machine. */
  readonly file: string;
  readonly type: string;
}

/**
 * All files by their place in the page, as `kernels/nanogpt.wasm`.
 *
 * @throws UserError where the page was not built.
 */
export function playgroundFiles(): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  const add = (folder: string, into: string, fits: RegExp): void => {
    for (const name of namesIn(folder)) {
      const type = TYPES[path.extname(name)];
      if (type && fits.test(name)) files.set(into + name, { file: path.join(folder, name), type });
    }
  };
  add(path.join(DIST, 'playground'), '', /./);
  add(path.join(DIST, 'kernels'), 'kernels/', /\.wasm$/);
  const table = fileURLToPath(import.meta.resolve('gpt-tokenizer/bpeRanks/p50k_base'));
  add(path.dirname(table), 'tables/', /\.js$/);
  if (files.has('index.html') && files.has('engine.js')) return files;
  throw new UserError('the page of the playground is not there: build it with `npm run build`.');
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Writes the page into a new folder, whole or not at all.
 *
 * @returns how many bytes it has.
 * @throws UserError where the folder is there already, or cannot be written.
 */
export function writePlayground(folder: string): number {
  const files = playgroundFiles();
  const target = path.resolve(folder);
  let bytes = 0;
  const made = createWholeFolder(target, (aside) => {
    for (const [name, { file }] of files) {
      const to = path.join(aside, name);
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.copyFileSync(file, to);
      bytes += fs.statSync(to).size;
    }
    fs.writeFileSync(path.join(aside, '_headers'), HEADERS_FILE);
  });
  if (made) return bytes;
  throw new UserError(`${folder}: is taken. Name a folder that is not there, or is empty.`);
}
