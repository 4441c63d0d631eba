/** What the page does to runs, by the requests that it sends: each training is a process of its own. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallText } from './run-cli.js';
import { LabFixture } from './suites/lab.js';

let lab: LabFixture;
let text: string;
beforeAll(async () => {
  lab = await LabFixture.start();
  text = path.join(lab.root, 'text.txt');
  fs.writeFileSync(text, smallText());
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const small = { nHidden: '8', nEmbd: '4', batchSize: '4', blockSize: '4', tokenizer: 'char' };

interface Row {
  name: string;
  state: string;
  step?: number;
  checkpoints?: number[];
}
async function row(name: string): Promise<Row | undefined> {
  const { rows } = (await lab.ask({ path: '/api/runs' })).json() as unknown as { rows: Row[] };
  return rows.find((one) => one.name === name);
}
const stateOf = async (name: string) => (await row(name))?.state;
const patient = { timeout: 40_000, interval: 100 };

describe('a run from the page', () => {
  it('starts, is watched, stops, goes on, writes, is forked and is removed', async () => {
    const settings = { ...small, data: text, steps: '1000000', evalInterval: '1000000' };
    const started = await lab.act('/api/start', {
      model: 'mlp',
      preset: 'chars',
      settings,
      name: 'one',
    });
    expect(started.json()).toEqual({ name: 'one' });
    await expect.poll(() => stateOf('one'), patient).toBe('running');
    expect((await lab.act('/api/delete', { name: 'one' })).json().problem).toMatch(/stop it first/);
    expect((await lab.act('/api/resume', { name: 'one' })).json().problem).toMatch(/already/);
    expect((await lab.act('/api/stop', { name: 'one' })).status).toBe(200);
    await expect.poll(() => stateOf('one'), patient).toBe('stopped');
    const { step = 0 } = (await row('one'))!;
    expect(step).toBeGreaterThan(0);
    expect(fs.existsSync(path.join(lab.folder, 'one', 'train.stop'))).toBe(false);

    const last = String(step + 50);
    expect((await lab.act('/api/resume', { name: 'one', settings: { steps: last } })).status).toBe(
      200,
    );
    await expect.poll(() => stateOf('one'), patient).toBe('finished');

    const wish = { name: 'one', prompt: 'a', tokens: 5, temperature: 0.5, topK: 3 };
    const sample = await lab.act('/api/explore/sample', wish);
    const parts = sample.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(parts.map(({ type }) => type)).toEqual(['begin', ...Array(5).fill('token'), 'end']);
    expect(parts[1].after.length).toBeLessThanOrEqual(3);
    const sum = parts[1].after.reduce(
      (all: number, one: { probability: number }) => all + one.probability,
      0,
    );
    expect(sum).toBeCloseTo(1, 9);

    const fork = {
      from: 'one',
      checkpoint: 'latest',
      name: 'two',
      settings: { steps: '20', lr: '0.001' },
    };
    expect((await lab.act('/api/fork', fork)).json()).toEqual({ name: 'two' });
    await expect.poll(() => stateOf('two'), patient).toBe('finished');
    expect((await lab.act('/api/delete', { name: 'two' })).status).toBe(200);
    expect(await row('two')).toBeUndefined();
    expect(fs.readdirSync(lab.folder)).toEqual(['one']);
  });

  it('is refused in the command line’s words', async () => {
    const start = (settings: object, more: object = {}) =>
      lab.act('/api/start', { model: 'mlp', preset: 'chars', settings, ...more });
    expect((await start({ stepz: '3' })).json().problem).toMatch(/Did you mean "steps"/);
    expect((await start({ steps: '-3' })).json().problem).toMatch(/at least 0/);
    expect((await start({ '--import': '/x.mjs' })).status).toBe(400);
    expect((await start({}, { model: '--import=/x.mjs' })).json().problem).toMatch(/unknown model/);
    expect((await start({}, { name: '../out' })).json().problem).toMatch(/run name/);
    expect((await start({ data: path.join(lab.root, 'none.txt') })).json().problem).toMatch(
      /none\.txt/,
    );
  });

  it('is not stopped by the number of a stranger’s process', async () => {
    const folder = lab.addRun('lure');
    fs.writeFileSync(path.join(folder, 'train.lock'), `${process.ppid}\n`);
    expect((await lab.act('/api/stop', { name: 'lure' })).status).toBe(200); // a file, and no signal
    expect(() => process.kill(process.ppid, 0)).not.toThrow();
  });
});

describe('a model from the page', () => {
  it('is drawn, looked through and cut into tokens', async () => {
    const at = { name: 'one', checkpoint: 'latest' };
    const { root } = (await lab.act('/api/explore/tree', at)).json() as unknown as {
      root: { children: { path: string; output: number[] }[]; parameters: number };
    };
    expect(root.children.map((part) => part.path)).toContain('embedding');
    const { points } = (await lab.act('/api/explore/embedding', at)).json() as unknown as {
      points: object[];
    };
    expect(points.length).toBeGreaterThan(5);
    const { pieces } = (
      await lab.act('/api/explore/pieces', { name: 'one', text: 'a' })
    ).json() as unknown as { pieces: object[] };
    expect(pieces).toHaveLength(1);
    const none = await lab.act('/api/explore/insight', { ...at, prompt: 'a' });
    expect([none.status, none.json().problem]).toEqual([
      422,
      expect.stringMatching(/no attention/),
    ]);
    expect(lab.faults).toEqual([]);
  });
});
