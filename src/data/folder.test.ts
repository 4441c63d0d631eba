import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFolder } from './folder.js';
import { loadText } from './text.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-folder-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

describe('loadText from a folder', () => {
  it('joins its text files in the order of their paths', async () => {
    put('d/b.txt', 'B\n');
    put('d/a/z.md', 'Z');
    put('d/C.TXT', 'C');
    put('d/picture.png', Uint8Array.of(0xff));
    put('d/.hidden.txt', 'hidden');
    put('d/.git/x.txt', 'hidden');
    const { text, name } = await loadText(path.join(folder, 'd'));
    expect(text).toBe('C\nZ\nB\n');
    expect(name).toBe('d');
  });

  it('refuses a folder without text, and names the file that is broken', async () => {
    fs.mkdirSync(path.join(folder, 'none'));
    await expect(loadText(path.join(folder, 'none'))).rejects.toThrow(/an empty folder/);
    put('other/picture.png', 'x');
    await expect(loadText(path.join(folder, 'other'))).rejects.toThrow(/\.txt.*1 other entries/);
    put('other/bad.txt', Uint8Array.of(0xff));
    await expect(loadText(path.join(folder, 'other'))).rejects.toThrow(/bad\.txt is not UTF-8/);
  });

  it.skipIf(process.platform === 'win32')(
    'leaves out what cannot be text, and says so in one line',
    async () => {
      put('d/a.txt', 'A');
      put('d/b/b.txt', 'B');
      put('d/empty.md', '');
      const d = path.join(folder, 'd');
      fs.symlinkSync('nothing', path.join(d, 'dangling.txt'));
      fs.symlinkSync('loop.txt', path.join(d, 'loop.txt'));
      execFileSync('mkfifo', [path.join(d, 'pipe.txt')]);
      fs.symlinkSync('.', path.join(d, 'b', 'again'));
      fs.symlinkSync('..', path.join(d, 'b', 'up'));
      const { text, notice } = await loadText(d);
      expect(text).toBe('A\nB');
      expect(notice).toMatch(/^\S+: left out [^\n]*$/);
      for (const part of [
        'b/again (a link to a folder that is read already)',
        'b/up (a link to a folder that is read already)',
        'dangling.txt (a link to nothing)',
        'and 3 more',
      ]) {
        expect(notice).toContain(part);
      }
      fs.rmSync(path.join(d, 'a.txt'));
      fs.rmSync(path.join(d, 'b'), { recursive: true });
      await expect(loadText(d)).rejects.toThrow(/contains no text: .*pipe\.txt \(a pipe\)/);
    },
  );

  it.skipIf(process.platform === 'win32')('reads a folder once, by whichever way', async () => {
    put('d/real/x.txt', 'X\n');
    fs.symlinkSync('real', path.join(folder, 'd', 'another'));
    put('elsewhere/y.txt', 'Y\n');
    fs.symlinkSync('../elsewhere', path.join(folder, 'd', 'linked'));
    fs.symlinkSync('../elsewhere', path.join(folder, 'd', 'twice'));
    expect((await loadText(path.join(folder, 'd'))).text).toBe('Y\nX\n');
  });

  it('refuses files that are too much together', async () => {
    put('d/a.txt', 'A'.repeat(60));
    put('d/b.txt', 'B'.repeat(60));
    await expect(readFolder(path.join(folder, 'd'), { maxBytes: 100 })).rejects.toThrow(
      /has more than 100 bytes of text, the limit/,
    );
  });
});
