/**
 * SIGKILL at random moments: while a run is created, loaded, trained, while checkpoints are written and
 * old ones removed. It must always resume, and end with the bits of a run that nobody disturbed.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointStore } from '../src/runs/checkpoint.js';

const KILLS = 50;
const compiled = fileURLToPath(new URL('../dist', import.meta.url)); // see global-setup.ts
const child = fileURLToPath(new URL('kill-child.mjs', import.meta.url));
const settings = [
  'steps=300',
  'blockSize=3',
  'nEmbd=4',
  'nHidden=8',
  'batchSize=4',
  'optimizer=adamw',
  'evalInterval=5',
  'evalBatches=1',
  'checkpointInterval=2',
  'logInterval=1',
  'warmupSteps=10',
  // As often as a checkpoint: a sample belongs to the checkpoint of its step.
  'sampleInterval=2',
  'sampleTokens=5',
];
let scratch: string;
let text: string;

beforeAll(() => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'nanogpt-kill-'));
  text = path.join(scratch, 'squares.txt');
  fs.writeFileSync(text, Array.from({ length: 60 }, (_, i) => `${i} is ${i * i}; `).join(''));
});

afterAll(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

/** Runs a sitting; `killAfter` milliseconds after it is ready (or, `atStart`, was started) it is killed. */
function sit(folder: string, killAfter = Infinity, atStart = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NANOGPT_CACHE_DIR: path.join(scratch, 'cache') };
    const sitting = spawn(process.execPath, [child, compiled, folder, text, ...settings], { env });
    let out = '';
    let errors = '';
    const kill = () => sitting.kill('SIGKILL');
    let timer = atStart ? setTimeout(kill, killAfter) : undefined;
    sitting.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    sitting.stdout.on('data', (chunk) => {
      out += chunk;
      if (killAfter < Infinity && out.includes('ready')) timer ??= setTimeout(kill, killAfter);
    });
    sitting.on('error', reject);
    sitting.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || signal === 'SIGKILL') resolve(out);
      else reject(new Error(`a sitting ended with code ${code}: ${errors}`));
    });
  });
}

/** All that a run's end should not depend on how it came about. */
function bitsOf(folder: string) {
  const { checkpoint } = new CheckpointStore(path.join(folder, 'checkpoints')).open();
  const { seconds: _, logs: __, ...state } = checkpoint!.state;
  const metrics = fs.readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return {
    state,
    model: fs.readFileSync(checkpoint!.modelFile, 'hex'),
    optimizer: fs.readFileSync(checkpoint!.optimizerFile, 'hex'),
    best: fs.readFileSync(path.join(folder, 'checkpoints', 'best'), 'utf8'),
    samples: fs.readFileSync(path.join(folder, 'samples.txt'), 'utf8'),
    metrics: metrics.map((line) => {
      const { seconds, tokensPerSecond, ...rest } = JSON.parse(line);
      return rest;
    }),
  };
}

it(`resumes bit for bit after each of ${KILLS} kills`, async () => {
  const whole = path.join(scratch, 'whole');
  let inWriting = 0;
  const disturb = async (killed: string) => {
    const steps: number[] = [];
    for (let kills = 1; kills <= KILLS / 2; kills++) {
      // A sixth of them while it starts: the folder being made, the checkpoint being loaded.
      const atStart = kills % 6 === 1;
      const out = await sit(killed, Math.random() * (atStart ? 600 : 100), atStart);
      const ready = /ready (\d+)/.exec(out);
      if (ready) steps.push(Number(ready[1]));
      const folder = path.join(killed, 'checkpoints');
      const entries = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
      if (entries.some((name) => name.startsWith('.tmp-') || name.endsWith('.partial')))
        inWriting++;
    }
    // It went on, and never back behind a checkpoint.
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeGreaterThan(0);
    expect(await sit(killed)).toMatch(/done 300/);
    return killed;
  };
  const lanes = ['one', 'two'].map((name) => disturb(path.join(scratch, name)));
  const [, ...killed] = await Promise.all([sit(whole), ...lanes]);
  expect(inWriting).toBeGreaterThan(0); // some kills hit the writing of a checkpoint
  const expected = bitsOf(whole);
  for (const folder of killed) {
    expect(bitsOf(folder)).toEqual(expected);
    const names = fs.readdirSync(path.join(folder, 'checkpoints'));
    expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
  }
}, 120_000);
