import fs from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UsageError, UserError } from '../../util/errors.js';
import { createTokenizer } from '../registry.js';
import { checkHubName, hubTokenizer } from './hub.js';

const WORDS = JSON.stringify({
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, to: 1, be: 2 }, unk_token: '[UNK]' },
});

let folder: string;
let asked: string[];
let reply: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => {
  asked.push(request.url!);
  reply(request, response);
});

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-hub-'));
  asked = [];
  reply = (_, response) => response.end(WORDS);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  fs.rmSync(folder, { recursive: true, force: true });
});

const kept = () => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

describe('a name on the hub', () => {
  it.each([
    'gpt2/x',
    'openai-community/gpt2',
    'a/b',
    '_a/b_',
    'A.b/c-d_e.f',
    `a/${'b'.repeat(96)}`,
  ])('may be %s', (name) => expect(checkHubName(name)).toBe(name));

  it.each([
    ...['a/..', '../a', './a', '..', 'a/.', 'a/b/c', '/a', 'a/', 'a', '', 'a//b', 'a\\..\\b/c'],
    ...[
      '-a/b',
      'a/b-',
      'a/.b',
      'a/b.',
      'a/b..c',
      'a--b/c',
      'a/b--c',
      'a/b.git',
      'a/b c',
      'a/b?c=d',
    ],
    ...['a/b#c', 'a/%2e%2e', 'a/b\0', 'a/b\n', 'ä/b', `a/${'b'.repeat(97)}`, 'a:80/b', 'a@b/c'],
  ])('may not be %j: nothing is asked for, and no path touched', async (name) => {
    expect(() => checkHubName(name)).toThrow(UsageError);
    await expect(hubTokenizer(name, { cacheDir: folder })).rejects.toThrow(UsageError);
    await expect(createTokenizer(name, { cacheDir: folder })).rejects.toThrow(UserError);
    expect([asked, kept()]).toEqual([[], []]);
  });

  it('becomes one folder of the cache, which no other name has', async () => {
    await hubTokenizer('me/words', { cacheDir: folder });
    await hubTokenizer('me/words', { cacheDir: folder });
    expect(asked).toEqual([
      '/me/words/resolve/main/tokenizer.json',
      '/me/words/resolve/main/tokenizer_config.json',
    ]);
    expect(kept()).toEqual(
      ['', '/me--words', '/me--words/tokenizer.json', '/me--words/tokenizer_config.json'].map(
        (name) => `hub${name}`,
      ),
    );
  });
});

describe('a hub that means harm, or is broken', () => {
  const attempt = (options = {}) => hubTokenizer('me/words', { cacheDir: folder, ...options });
  const endless = (response: ServerResponse) => {
    const piece = Buffer.alloc(1 << 16, ' ');
    const pour = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', pour).on('error', () => {});
    pour();
  };

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'announces too much',
      (r) => r.writeHead(200, { 'content-length': 1e10 }).flushHeaders(),
      /announces 10000000000 bytes/,
    ],
    ['never ends', endless, /goes on, more than the 134217728 bytes/],
    [
      'sends a bomb',
      (r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1 << 28))),
      /goes on, more than/,
    ],
    ['sends no JSON', (r) => r.end('<html>'), /is not valid JSON/],
    ['sends other JSON', (r) => r.end('[1, "x", null]'), /./],
    ['nests without end', (r) => r.end('['.repeat(1e6)), /is not valid JSON/],
    ['sends nothing', (r) => r.end(), /is not valid JSON/],
    [
      'breaks off',
      (r) => void r.writeHead(200, { 'content-length': 99 }).write('{', () => r.destroy()),
      /broke off/,
    ],
    [
      'leads in a circle',
      (r) => r.writeHead(302, { location: '/me/words/resolve/main/tokenizer.json' }).end(),
      /redirect/,
    ],
    [
      'leads elsewhere',
      (r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      /could not reach/,
    ],
    ['is out of order', (r) => r.writeHead(500).end(), /answered 500/],
    ['has none', (r) => r.writeHead(404).end(), /has no tokenizer\.json/],
    ['keeps it private', (r) => r.writeHead(403).end(), /is not public/],
  ])('%s: one line, and nothing is kept', async (_, answer, words) => {
    reply = (__, response) => answer(response);
    const error = await attempt().catch((reason) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain('\n');
    expect(kept()).toEqual([]);
  });

  it('is given up after a time, and at once when told to', async () => {
    reply = (_, response) => void response.writeHead(200).write('{');
    await expect(attempt({ totalTimeout: 100 })).rejects.toThrow(/was not done within 0\.1 s/);
    await expect(attempt({ signal: AbortSignal.timeout(50) })).rejects.toThrow(/was stopped/);
    vi.stubEnv('HF_ENDPOINT', 'ftp://nowhere');
    await expect(attempt()).rejects.toThrow(/HF_ENDPOINT names ftp:\/\/nowhere: expected an http/);
  });

  it('gives a tokenizer all the same where the cache cannot be written', async () => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, '');
    const tokenizer = await hubTokenizer('me/words', { cacheDir: file });
    expect([...tokenizer.encode('to be')]).toEqual([1, 2]);
  });
});
