/** Before all tests: `dist/` is what `src/` says, so that those which run the command line run this one. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = path.join(root, 'dist', '.tsbuildinfo');

export default function setup(): void {
  const built = fs.statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = ['src', 'test/suites', 'web'].map((folder) => newest(path.join(root, folder)));
  if (Math.max(...sources) < built) return;
  const began = new Date(); // what is saved while it builds is for the next time
  try {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'pipe' });
  } catch (error) {
    // Types that do not fit are not the tests' business: the files were written all the same.
    const { stdout } = error as { stdout?: Buffer };
    console.warn(`The build has errors:\n${stdout}`);
  }
  // tsc leaves it alone when all is as it was.
  if (fs.existsSync(stamp)) fs.utimesSync(stamp, began, began);
}

/** When the last change to a source file was made, in milliseconds. */
function newest(folder: string): number {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tsx?|mjs|css|html)$/.test(name) && !name.endsWith('.test.ts'))
    .reduce((latest, name) => Math.max(latest, fs.statSync(path.join(folder, name)).mtimeMs), 0);
}
