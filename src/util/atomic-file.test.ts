import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AtomicFile, fileError, writeFileAtomic } from './atomic-file.js';
import { UserError } from './errors.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-atomic-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true, force: true });
});

function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, ${syscall}`), { code, syscall });
}

describe('writeFileAtomic', () => {
  it('writes text, bytes and pieces, creating folders, and replaces what was there', () => {
    const file = path.join(folder, 'a', 'b', 'file.txt');
    writeFileAtomic(file, 'naïve');
    expect(fs.readFileSync(file, 'utf8')).toBe('naïve');
    writeFileAtomic(file, Uint8Array.of(1, 2));
    expect([...fs.readFileSync(file)]).toEqual([1, 2]);
    writeFileAtomic(file, ['ab', Uint8Array.of(99), '']);
    expect(fs.readFileSync(file, 'utf8')).toBe('abc');
    expect(fs.readdirSync(path.dirname(file))).toEqual(['file.txt']);
  });

  it('finishes a write that the system accepted only in part', () => {
    const real = fs.writeSync;
    vi.spyOn(fs, 'writeSync').mockImplementation(((
      descriptor: number,
      bytes: Uint8Array,
      offset: number,
      length: number,
    ) => real(descriptor, bytes, offset, Math.min(length, 3))) as typeof fs.writeSync);
    const file = path.join(folder, 'file');
    writeFileAtomic(file, '0123456789');
    expect(fs.readFileSync(file, 'utf8')).toBe('0123456789');
  });

  it('keeps the old file, and leaves nothing beside it, whichever step fails', () => {
    const file = path.join(folder, 'file');
    writeFileAtomic(file, 'old');
    for (const step of ['openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync'] as const) {
      vi.spyOn(fs, step).mockImplementationOnce((() => {
        throw systemError('ENOSPC', step);
      }) as never);
      expect(() => writeFileAtomic(file, 'new'), step).toThrow(UserError);
      vi.restoreAllMocks();
      expect(fs.readFileSync(file, 'utf8'), step).toBe('old');
      expect(fs.readdirSync(folder), step).toEqual(['file']);
    }
  });

  it('leaves nothing when the pieces themselves fail', () => {
    const file = path.join(folder, 'file');
    function* pieces() {
      yield 'start';
      throw new Error('the source broke');
    }
    expect(() => writeFileAtomic(file, pieces())).toThrow('the source broke');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('says what is wrong with the path', () => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, 'x');
    const below = path.join(file, 'deeper', 'target');
    expect(() => writeFileAtomic(below, 'y')).toThrow(
      `cannot write ${below}: a part of this path is a file`,
    );
    expect(() => writeFileAtomic(path.join(file, 'target'), 'y')).toThrow(/a file stands where/);
    fs.mkdirSync(path.join(folder, 'sub', 'inner'), { recursive: true });
    expect(() => writeFileAtomic(path.join(folder, 'sub'), 'y')).toThrow(/a folder stands where/);
    expect(fs.readdirSync(folder).sort()).toEqual(['file', 'sub']);
  });
});

describe('AtomicFile', () => {
  it('removes the leftovers of killed processes, but none that may be in use', () => {
    const file = path.join(folder, 'file');
    const old = path.join(folder, '.file.1-aaaa.partial');
    const young = path.join(folder, '.file.2-bbbb.partial');
    fs.writeFileSync(old, '');
    fs.writeFileSync(young, '');
    const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    fs.utimesSync(old, twoHoursAgo, twoHoursAgo);
    writeFileAtomic(file, 'x');
    expect(fs.readdirSync(folder).sort()).toEqual([path.basename(young), 'file']);
  });

  it('removes at once what a process that is dead left for any file, and nothing of a living one', () => {
    using living = new AtomicFile(path.join(folder, 'living'));
    const { pid } = spawnSync(process.execPath, ['--version']); // ended by now
    const ofDead = path
      .basename(living.temporaryPath)
      .replace(`.${process.pid}-`, `.${pid}-`)
      .replace('living', 'dead');
    fs.writeFileSync(path.join(folder, ofDead), 'half');
    fs.writeFileSync(path.join(folder, '.notes.partial'), "somebody's own");
    writeFileAtomic(path.join(folder, 'other'), 'x');
    expect(fs.readdirSync(folder).sort()).toEqual(
      [path.basename(living.temporaryPath), '.notes.partial', 'other'].sort(),
    );
  });

  it('is gone when the scope closes without a commit', () => {
    {
      using file = new AtomicFile(path.join(folder, 'file'));
      file.write('half');
      expect(fs.existsSync(file.temporaryPath)).toBe(true);
    }
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('refuses to be used after it is closed', () => {
    const file = new AtomicFile(path.join(folder, 'file'));
    file.commit();
    expect(() => file.write('more')).toThrow(/already committed/);
    file.abort();
    expect(fs.existsSync(file.path)).toBe(true);
  });
});

describe('fileError', () => {
  it.each(['ENOSPC', 'EACCES', 'EROFS', 'ENOTDIR'])('words %s with path and remedy', (code) => {
    const error = fileError('cannot write', '/some/file', systemError(code, 'open'));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(
      /^cannot write \/some\/file: .*[Cc]hoose another.*\(E[A-Z]+\)\.$/,
    );
  });

  it('leaves other errors as they are', () => {
    const bug = new TypeError('not a file matter');
    expect(fileError('cannot write', '/some/file', bug)).toBe(bug);
    const user = new UserError('already worded');
    expect(fileError('cannot write', '/some/file', user)).toBe(user);
  });
});
