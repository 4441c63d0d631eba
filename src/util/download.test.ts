import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AtomicFile } from './atomic-file.js';
import {
  DownloadError,
  type DownloadOptions,
  type DownloadProgress,
  download,
} from './download.js';
import { UserError } from './errors.js';

const BODY = Buffer.from('To be, or not to be: that is the question.\n'.repeat(5000));
const SHA256 = createHash('sha256').update(BODY).digest('hex');

let server: http.Server;
let base: string;
let folder: string;
let target: string;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const head = { 'content-length': BODY.length };
    switch (request.url) {
      case '/good':
        response.writeHead(200, head).end(BODY);
        break;
      case '/chunked':
        response.writeHead(200).write(BODY.subarray(0, 1000));
        response.end(BODY.subarray(1000));
        break;
      case '/gzip': {
        const packed = gzipSync(BODY);
        response
          .writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length })
          .end(packed);
        break;
      }
      case '/redirect':
        response.writeHead(302, { location: '/good' }).end();
        break;
      case '/loop':
        response.writeHead(302, { location: '/loop' }).end();
        break;
      case '/wrong':
        response.writeHead(200, head).end(Buffer.from(BODY).fill('x', 7, 8));
        break;
      case '/truncated':
        response.writeHead(200, head).write(BODY.subarray(0, 1000), () => request.socket.destroy());
        break;
      case '/truncated-chunked':
        response.writeHead(200).write(BODY.subarray(0, 1000), () => request.socket.destroy());
        break;
      case '/stalling':
        response.writeHead(200, head).write(BODY.subarray(0, 1000));
        break; // and never another byte
      case '/announced':
        response.writeHead(200, { 'content-length': 2.5e9 }).flushHeaders();
        break; // asked for nothing of it
      case '/endless': {
        const pour = () => {
          while (!response.destroyed && response.write(BODY));
        };
        response
          .writeHead(200)
          .on('drain', pour)
          .on('error', () => {});
        pour();
        break;
      }
      case '/bomb': {
        const packed = gzipSync(Buffer.alloc(64 << 20)); // 64 MiB of zeros in 64 KiB
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
        break;
      }
      case '/drip': {
        const timer = setInterval(() => response.write('x'), 20);
        response.writeHead(200).on('close', () => clearInterval(timer));
        break;
      }
      case '/silent':
        break; // never an answer
      case '/proxy':
        response.writeHead(407).end();
        break;
      case '/broken':
        response.writeHead(500).end('oops');
        break;
      default:
        response.writeHead(404).end('no such file');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-download-'));
  target = path.join(folder, 'file.txt');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

async function addressWhereNothingListens(): Promise<string> {
  const other = http.createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await new Promise((resolve) => other.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

async function failure(url: string, options: DownloadOptions = {}): Promise<DownloadError> {
  const error = await download(url, target, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DownloadError);
  expect(fs.readdirSync(folder)).toEqual([]); // nothing broken is left
  return error as DownloadError;
}

describe('download', () => {
  it.each(['/good', '/chunked', '/gzip', '/redirect'])('fetches %s whole', async (route) => {
    await download(base + route, target, { sha256: SHA256 });
    expect(fs.readFileSync(target).equals(BODY)).toBe(true);
    expect(fs.readdirSync(folder)).toEqual(['file.txt']);
  });

  it('reports progress from nothing to everything', async () => {
    const events: DownloadProgress[] = [];
    await download(`${base}/good`, target, { onProgress: (event) => events.push(event) });
    expect(events[0]).toEqual({ url: `${base}/good`, received: 0, total: BODY.length });
    expect(events.at(-1)?.received).toBe(BODY.length);
    const received = events.map((event) => event.received);
    expect(received).toEqual([...received].sort((a, b) => a - b));
  });

  it('refuses wrong bytes', async () => {
    const error = await failure(`${base}/wrong`, { sha256: SHA256 });
    expect(error.reason).toBe('checksum');
    expect(error.message).toContain(SHA256);
  });

  it.each(['/truncated', '/truncated-chunked'])(
    'notices a connection that drops: %s',
    async (r) => {
      const error = await failure(base + r, { sha256: SHA256 });
      expect(error.reason).toBe('interrupted');
      expect(error.message).toMatch(/broke off after 1000 /);
    },
  );

  it('gives up on a server that stalls', async () => {
    const error = await failure(`${base}/stalling`, { stallTimeout: 100 });
    expect(error.reason).toBe('interrupted');
    expect(error.message).toContain('after 0.1 s without a byte');
  });

  it('gives up on a server that does not answer', async () => {
    const error = await failure(`${base}/silent`, { connectTimeout: 100 });
    expect(error.reason).toBe('unreachable');
    expect(error.message).toContain('no answer within 0.1 s');
  });

  it.each(['/silent', '/stalling'])('stops when it is told to: %s', async (route) => {
    const stopped = await failure(base + route, { signal: AbortSignal.timeout(50) });
    expect([stopped.reason, stopped.message]).toEqual([
      'interrupted',
      expect.stringMatching(/stopped/),
    ]);
    const before = await failure(`${base}/good`, { signal: AbortSignal.abort() });
    expect(before.reason).toBe('interrupted');
  });

  it('tells an error of the server from a network that does not let one through', async () => {
    const missing = await failure(`${base}/missing`);
    expect([missing.reason, missing.message]).toEqual(['http', expect.stringContaining('404')]);
    expect((await failure(`${base}/broken`)).reason).toBe('http');
    expect((await failure(`${base}/proxy`)).reason).toBe('unreachable');
    expect((await failure(`${base}/loop`)).message).toContain('redirect');
    const refused = await failure(await addressWhereNothingListens());
    expect(refused.reason).toBe('unreachable');
    expect(refused.message).toContain('ECONNREFUSED');
  });

  it('refuses at the header what announces more than is taken', async () => {
    const error = await failure(`${base}/announced`);
    expect(error.reason).toBe('too-large');
    expect(error.message).toMatch(/announces 2500000000 bytes, more than the 5368708\d\d /);
  });

  it.each(['/endless', '/bomb'])(
    'refuses %s as soon as the count passes the limit',
    async (route) => {
      const received: number[] = [];
      const error = await failure(base + route, {
        maxBytes: 10 << 20,
        onProgress: (event) => received.push(event.received),
      });
      expect([error.reason, error.message]).toEqual([
        'too-large',
        expect.stringMatching(/goes on, more than the 10485760 bytes that are taken/),
      ]);
      expect(Math.max(...received)).toBeLessThanOrEqual(10 << 20);
    },
  );

  it('never holds more than a piece of it in memory', async () => {
    const before = process.memoryUsage().rss;
    await failure(`${base}/endless`, { maxBytes: 400 << 20 });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  });

  it('gives up on a server that drips, however regularly', async () => {
    const error = await failure(`${base}/drip`, { stallTimeout: 5000, totalTimeout: 200 });
    expect([error.reason, error.message]).toEqual([
      'interrupted',
      expect.stringMatching(/was not done within 0\.2 s/),
    ]);
  });

  it('clears what a killed download left, of whatever address', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const probe = new AtomicFile(path.join(folder, 'another.txt'));
    const left = path.basename(probe.temporaryPath).replace(`.${process.pid}-`, `.${pid}-`);
    probe.abort();
    fs.writeFileSync(path.join(folder, left), 'half');
    await download(`${base}/good`, target);
    expect(fs.readdirSync(folder)).toEqual(['file.txt']);
  });

  it('keeps the old file when the new one fails its check', async () => {
    fs.writeFileSync(target, 'old');
    const check = (file: string) => {
      expect(fs.readFileSync(file).equals(BODY)).toBe(true);
      throw new UserError('not what I wanted');
    };
    await expect(download(`${base}/good`, target, { check })).rejects.toThrow('not what I wanted');
    expect(fs.readFileSync(target, 'utf8')).toBe('old');
    expect(fs.readdirSync(folder)).toEqual(['file.txt']);
  });

  it('says so when the target cannot be written, before fetching anything', async () => {
    fs.writeFileSync(target, 'a file');
    await expect(download(`${base}/silent`, path.join(target, 'below'))).rejects.toThrow(
      /^cannot write .*a file stands where a folder was expected/,
    );
  });
});
