/** The Lab under attack: other sites, other paths, other files than those of runs. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LabFixture, metricsOf } from '../../test/suites/lab.js';
import { MOST_BODY } from './guard.js';

let lab: LabFixture;
beforeEach(async () => {
  lab = await LabFixture.start();
  lab.addRun('good', metricsOf(20));
});
afterEach(async () => {
  expect(lab.faults).toEqual([]);
  await lab[Symbol.asyncDispose]();
});

const names = async (fixture: LabFixture) =>
  (await fixture.ask({ path: '/api/runs' })).json()['rows'] as { name: string; problem?: string }[];

describe('a request from elsewhere', () => {
  it.each(['evil.example', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example', '0.0.0.0:PORT'])(
    'is refused by its host: %j',
    async (host) => {
      const headers = { Host: host.replace('PORT', String(lab.lab.port)) };
      for (const at of ['/', '/api/runs', '/api/events', '/nowhere']) {
        const answer = await lab.ask({ path: at, headers });
        expect([at, answer.status]).toEqual([at, 403]);
        expect(answer.text).not.toContain('good');
      }
    },
  );

  it.each(['http://evil.example', 'null', 'https://127.0.0.1:PORT', 'http://127.0.0.1:1', ''])(
    'is refused by its origin: %j, even with the token',
    async (origin) => {
      const headers = { Origin: origin.replace('PORT', String(lab.lab.port)) };
      expect((await lab.ask({ path: '/api/runs', headers })).status).toBe(403);
      expect((await lab.act('/api/anything', {}, headers)).status).toBe(403);
    },
  );

  it.each(['cross-site', 'same-site'])('is refused where the browser calls it %s', async (site) => {
    const answer = await lab.ask({ path: '/api/runs', headers: { 'Sec-Fetch-Site': site } });
    expect(answer.status).toBe(403);
  });

  it('is let in from the page itself, by any of this machine’s names', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
      const host = `${name}:${lab.lab.port}`;
      const headers = { Host: host, Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' };
      expect((await lab.ask({ path: '/api/runs', headers })).status).toBe(200);
    }
  });

  it('is not listened to from another machine', async () => {
    const { networkInterfaces } = await import('node:os');
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one && !one.internal && one.family === 'IPv4');
    if (!outer) return;
    await expect(fetch(`http://${outer.address}:${lab.lab.port}/`)).rejects.toThrow();
  });
});

describe('what changes something', () => {
  it('needs the token', async () => {
    for (const authorization of [
      '',
      'Bearer ',
      'Bearer x',
      `Bearer ${lab.lab.token}x`,
      lab.lab.token,
    ]) {
      const answer = await lab.act('/api/start', {}, { Authorization: authorization });
      expect([authorization, answer.status]).toEqual([authorization, 403]);
      expect(answer.json().problem).toMatch(/token/);
    }
  });

  it('is not done for a form, which needs no leave of another site’s browser', async () => {
    const headers = { 'Content-Type': 'text/plain' };
    expect((await lab.act('/api/start', {}, headers)).status).toBe(415);
  });

  it('does not show the token anywhere', async () => {
    for (const at of ['/', '/app.js', '/api/runs', '/api/series?run=good', '/api/run?name=good']) {
      const answer = await lab.ask({ path: at });
      expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.headers) + answer.text).not.toContain(lab.lab.token);
    }
  });
});

describe('paths', () => {
  const ways = [
    '..',
    '../secret',
    '..%2fsecret',
    '%2e%2e%2fsecret',
    '%252e%252e%252fsecret',
    '..\\secret',
    '/etc',
    '//etc',
    '.',
    '',
    'good/../../secret',
    'good%00',
    'linked',
    'C:\\',
    'x'.repeat(5000),
    '__proto__',
  ];
  it.each(ways)('%s leads nowhere', async (name) => {
    const secret = path.join(lab.root, 'secret');
    fs.cpSync(path.join(lab.folder, 'good'), secret, { recursive: true });
    fs.writeFileSync(path.join(secret, 'samples.txt'), 'TOP SECRET');
    fs.symlinkSync(secret, path.join(lab.folder, 'linked'));
    for (const at of ['run?name=', 'series?run=']) {
      const answer = await lab.ask({ path: `/api/${at}${name}` });
      expect([name, answer.status]).toEqual([name, 404]);
      expect(answer.text).not.toContain('TOP SECRET');
    }
    const file = await lab.ask({ path: `/${name}` });
    expect(file.text).not.toContain('TOP SECRET');
    expect(file.text).not.toContain('root:');
  });

  it('that a run links out are not followed', async () => {
    const secret = path.join(lab.root, 'secret.txt');
    fs.writeFileSync(secret, 'TOP SECRET');
    for (const [name, at] of [
      ['a', 'samples.txt'],
      ['b', 'tokenizer'],
      ['c', 'checkpoints/latest'],
      ['d', 'metrics.jsonl'],
    ] as const) {
      const folder = lab.addRun(name);
      fs.rmSync(path.join(folder, at), { force: true });
      fs.symlinkSync(secret, path.join(folder, at));
    }
    const listed = await names(lab);
    expect(listed.filter(({ problem }) => problem).map(({ name }) => name)).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect((await lab.ask({ path: '/api/run?name=a' })).text).not.toContain('TOP SECRET');
    expect(JSON.stringify(listed)).not.toContain('TOP SECRET');
  });
});

describe('bounds', () => {
  it('of a body, whether it says its length or not', async () => {
    const long = JSON.stringify({ prompt: 'x'.repeat(MOST_BODY) });
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${lab.lab.token}`,
    };
    // The answer, or the connection closed while the rest was still being sent.
    const refused = (more: Record<string, string>) =>
      lab
        .ask({ path: '/api/start', method: 'POST', body: long, headers: { ...headers, ...more } })
        .then(({ status }) => status)
        .catch(({ code }) => code);
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(await refused({}));
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(
      await refused({ 'Transfer-Encoding': 'chunked' }),
    );
    expect((await lab.ask({ path: '/api/runs' })).status).toBe(200);
  });

  it.each([
    'points=1',
    'points=1e9',
    'points=NaN',
    'points=',
    'smoothing=1',
    'smoothing=-1',
    'axis=__proto__',
    'metrics=constructor',
    'from=x',
    `run=${'good&run='.repeat(80)}good`,
  ])('of a question: %s', async (query) => {
    const answer = await lab.ask({ path: `/api/series?run=good&${query}` });
    expect(answer.status).toBe(400);
    expect(answer.json().problem).toMatch(/expected|unknown/);
  });

  it('of an address', async () => {
    expect((await lab.ask({ path: `/api/runs?${'x'.repeat(16_400)}` })).status).toBeGreaterThan(
      399,
    );
  });

  it('of streams', async () => {
    const open = await Promise.all(
      Array.from({ length: 32 }, () => fetch(`http://127.0.0.1:${lab.lab.port}/api/events`)),
    );
    const more = await fetch(`http://127.0.0.1:${lab.lab.port}/api/events`);
    expect(more.status).toBe(503);
    await Promise.all(open.map((response) => response.body!.cancel()));
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${lab.lab.port}/api/events`)).status)
      .toBe(200);
  });
});

describe('a hostile run', () => {
  it('is listed as damaged, and harms no other', async () => {
    const write = (name: string, file: string, text: string) =>
      fs.writeFileSync(path.join(lab.addRun(name), file), text);
    write('broken', 'config.json', '{');
    write('deep', 'config.json', '['.repeat(200_000));
    write('large', 'config.json', `{"a":"${'x'.repeat(8 << 20)}"}`);
    write('other', 'config.json', '{"format":"nanogpt-run","version":99}');
    write('lines', 'metrics.jsonl', `${'x'.repeat(5 << 20)}\n{"type":"step","step":1e400}\n`);
    write('lock', 'train.lock', `${'9'.repeat(10_000)}`);
    fs.mkdirSync(path.join(lab.folder, 'folder', 'config.json'), { recursive: true });
    const html = '<img src=x onerror=alert(1)>';
    lab.addRun(html, metricsOf(3));
    const rows = await names(lab);
    const damaged = rows.filter(({ problem }) => problem).map(({ name }) => name);
    expect(damaged.sort()).toEqual(['broken', 'deep', 'folder', 'large', 'other']);
    for (const { problem = '' } of rows) expect(problem.length).toBeLessThan(600);
    for (const { name } of rows) {
      const answer = await lab.ask({ path: `/api/series?run=${encodeURIComponent(name)}` });
      expect([name, answer.status]).toEqual([name, damaged.includes(name) ? 422 : 200]);
    }
  });

  it('cannot put HTML into an answer that a browser would take for a page', async () => {
    const { headers, text } = await lab.ask({ path: '/api/run?name=%3Cscript%3E' });
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(text).toContain('<script>');
  });
});

describe('the page', () => {
  it('may run its own script, and ask this server alone', async () => {
    for (const at of ['/', '/app.js', '/api/runs', '/nowhere']) {
      const policy = String((await lab.ask({ path: at })).headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("connect-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    }
  });
});
