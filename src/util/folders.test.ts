import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileError } from './atomic-file.js';
import { makeFolder } from './folders.js';

let scratch: string;
beforeEach(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-folders-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(scratch, { recursive: true, force: true });
});

describe('makeFolder', () => {
  it('makes what is missing, and leaves what is there', () => {
    const deep = path.join(scratch, 'a', 'b c', 'ü');
    makeFolder(deep);
    fs.writeFileSync(path.join(deep, 'kept'), '');
    makeFolder(deep);
    expect(fs.readdirSync(deep)).toEqual(['kept']);
  });

  it('names the true reason: a read-only file system, a file on the way', () => {
    fs.writeFileSync(path.join(scratch, 'file'), '');
    const reason = (folder: string) => {
      try {
        makeFolder(path.join(scratch, folder));
      } catch (error) {
        return fileError('cannot write', folder, error).message;
      }
      return 'none';
    };
    expect(reason('file/run')).toMatch(/is a file where a folder was expected/);
    expect(reason('file')).toMatch(/a file stands where a folder was expected/);
    vi.spyOn(fs, 'mkdirSync').mockImplementation(() => {
      throw Object.assign(new Error('EROFS'), { code: 'EROFS', syscall: 'mkdir' });
    });
    expect(reason('x/y')).toMatch(/read-only/);
  });

  it.runIf(process.platform === 'linux')('ends where nothing can be made', () => {
    expect(() => makeFolder('/proc/nanogpt/run')).toThrow(/ENOENT/);
  });
});
