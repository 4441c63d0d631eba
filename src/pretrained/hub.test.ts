import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { loadPretrained } from './load.js';

const goldens = fileURLToPath(new URL('../../test/goldens/pretrained/', import.meta.url));
let folder: ReturnType<typeof temporaryFolder>;
let asked: string[];
/** The files that the hub has, below the goldens; edited ones by their content. */
let files: Record<string, string | Buffer>;

const server = createServer((request, response) => {
  const name = path.basename(request.url!);
  asked.push(name);
  const found = files[name];
  if (found === undefined) response.writeHead(404).end();
  else response.end(found);
});

beforeEach(async () => {
  folder = temporaryFolder();
  asked = [];
  files = {};
  const golden = path.join(goldens, 'llama-sharded');
  for (const name of fs.readdirSync(golden)) files[name] = fs.readFileSync(path.join(golden, name));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('NANOGPT_CACHE_DIR', folder.path);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  folder[Symbol.dispose]();
});

const kept = () => path.join(folder.path, 'models', 'someone--tiny');

it('a model on the hub is fetched once, shard by shard, and then read from the cache', async () => {
  const load = async () => (await loadPretrained('someone/tiny')).model.dispose();
  await load();
  expect(fs.readdirSync(kept()).sort()).toEqual(Object.keys(files).sort());
  expect(asked).toContain('model-00003-of-00003.safetensors');
  const before = asked.length;
  await load();
  expect(asked.length).toBe(before);
});

it('a family that is not understood is refused before its weights are fetched', async () => {
  files['config.json'] = '{"model_type":"mamba"}';
  await expect(loadPretrained('someone/tiny')).rejects.toThrow(/family "mamba" are not understood/);
  expect(asked).toEqual(['config.json']);
});

it('what is not whole is not taken for whole, and what came is not fetched again', async () => {
  const shard = 'model-00002-of-00003.safetensors';
  const content = files[shard]!;
  delete files[shard];
  await expect(loadPretrained('someone/tiny')).rejects.toThrow(/the hub lacks model-00002/);
  expect(fs.existsSync(path.join(kept(), 'config.json'))).toBe(false);
  files[shard] = content;
  asked = [];
  (await loadPretrained('someone/tiny')).model.dispose();
  expect(asked).not.toContain('model-00001-of-00003.safetensors');
});

it('an index that leads out of its folder is refused, and nothing is fetched for it', async () => {
  files['model.safetensors.index.json'] = '{"weight_map":{"x":"../../evil.safetensors"}}';
  await expect(loadPretrained('someone/tiny')).rejects.toThrow(
    /tensor "x": expected the name of a/,
  );
  expect(asked).not.toContain('evil.safetensors');
});

it('a name that the hub does not have is said to be none', async () => {
  files = {};
  await expect(loadPretrained('someone/tiny')).rejects.toThrow(/the hub has no config.json for it/);
  await expect(loadPretrained('someone/../tiny')).rejects.toThrow(
    /not a name on the Hugging Face hub/,
  );
});
