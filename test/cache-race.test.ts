/** Several processes and one cache: all get the right ids, and one whole file stays. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTokenizer } from '../src/tokenizers/index.js';
import { ROOT } from './run-cli.js';

let folder: string;
let right: string;
const child = `
  const { loadDataset } = await import(process.argv[1]);
  const { createHash } = await import('node:crypto');
  const { splits, notices } = await loadDataset({
    data: process.argv[2], tokenizer: 'gpt2', split: [1, 0, 0],
  });
  const hash = createHash('sha256').update(splits.train.ids).digest('hex');
  console.log(JSON.stringify({ hash, notices }));
`;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-race-'));
  const text = Array.from({ length: 20_000 }, (_, i) => `${i} is ${i * i}.\n`).join('');
  fs.writeFileSync(path.join(folder, 'text.txt'), text);
  const ids = Uint16Array.from((await createTokenizer('gpt2')).encode(text));
  right = createHash('sha256').update(ids).digest('hex');
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Loaded {
  hash: string;
  notices: string[];
}

/** Loads the text in a process of its own; undefined when it was killed. */
function load(cache: string, options: { killAfter?: number; limit?: number } = {}) {
  const { killAfter, limit } = options;
  const node = [process.execPath, '--input-type=module', '-e', child];
  const args = [path.join(ROOT, 'dist', 'index.js'), path.join(folder, 'text.txt')];
  // In units of 512 bytes: a write beyond it fails as on a full disk, and ends nothing.
  const shell = ['sh', '-c', `trap '' XFSZ; ulimit -f ${limit}; exec "$@"`, 'sh'];
  const [command, ...rest] = [...(limit === undefined ? [] : shell), ...node, ...args];
  const env = { ...process.env, NANOGPT_CACHE_DIR: cache };
  const running = spawn(command!, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  if (killAfter !== undefined) setTimeout(() => running.kill('SIGKILL'), killAfter);
  return new Promise<Loaded | undefined>((resolve, reject) => {
    let out = '';
    running.stdout!.on('data', (chunk) => {
      out += chunk;
    });
    running.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(out));
      else if (signal === 'SIGKILL') resolve(undefined);
      else reject(new Error(`ended with ${code ?? signal}`));
    });
  });
}

it('is filled by four processes at once, some of them killed', async () => {
  const cache = path.join(folder, 'cache');
  const tokens = path.join(cache, 'tokens');
  for (let round = 0; round < 2; round++) {
    fs.rmSync(cache, { recursive: true, force: true });
    const killed = [1, 2].map((i) => load(cache, { killAfter: 300 + 200 * i * Math.random() }));
    const whole = await Promise.all([load(cache), load(cache)]);
    for (const loaded of whole) expect(loaded).toEqual({ hash: right, notices: [] });
    for (const loaded of await Promise.all(killed)) if (loaded) expect(loaded.hash).toBe(right);
    expect((await load(cache))!.hash).toBe(right);
    expect(fs.readdirSync(tokens)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.ids$/)]);
  }
});

it.skipIf(process.platform === 'win32')(
  'goes on without it on a full disk, with one notice',
  async () => {
    const cache = path.join(folder, 'full');
    const { hash, notices } = (await load(cache, { limit: 100 }))!;
    expect(hash).toBe(right);
    expect(notices).toEqual([
      expect.stringMatching(/^Token ids are not kept for the next run: [^\n]*$/),
    ]);
    expect(fs.readdirSync(path.join(cache, 'tokens'))).toEqual([]);
  },
);

it.skipIf(!fs.existsSync('/proc/self'))(
  'goes on without it where nothing can be made',
  async () => {
    const { hash, notices } = (await load('/proc/nanogpt'))!;
    expect(hash).toBe(right);
    expect(notices).toEqual([expect.stringMatching(/^Token ids are not kept/)]);
  },
);
