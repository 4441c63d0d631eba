/** The Lab opens several things of a run at once, all of which need what the run was made with. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { ROOT } from './run-cli.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-imports-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** What each of two askers found, of a file with this code. The folder may be any that the file is not in. */
function askTwice(code: string): unknown {
  const file = path.join(folder, 'mine.mjs');
  fs.writeFileSync(file, code);
  const program = `
    const { importRecorded } = await import(${JSON.stringify(pathToFileURL(path.join(ROOT, 'dist/cli/imports.js')).href)});
    const ask = async () => {
      try {
        await importRecorded(${JSON.stringify(path.join(ROOT, 'dist'))}, [{ path: ${JSON.stringify(file)}, sha256: '' }], () => {});
        return globalThis.mine ?? null;
      } catch (error) {
        return error.message;
      }
    };
    console.log(JSON.stringify(await Promise.all([ask(), ask()])));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

it('is waited for by all who ask meanwhile', () => {
  const code = 'await new Promise((done) => setTimeout(done, 300)); globalThis.mine = 1;';
  expect(askTwice(code)).toEqual([1, 1]);
});

it('fails for all of them', () => {
  const [first, second] = askTwice('throw new Error("no luck");') as [string, string];
  expect(first).toContain('no luck');
  expect(second).toBe(first);
});
