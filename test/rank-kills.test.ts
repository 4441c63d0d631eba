/**
 * SIGKILL for one of several ranks, at a random moment: while Node starts, while MPI does, in training, while a
 * checkpoint is written. All end; the run goes on, on another number of ranks; and it ends with the bits of a run that
 * nobody disturbed. At length: NANOGPT_KILLS=20 npx vitest run test/rank-kills.test.ts
 */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAUNCHERS, type Launcher, launch, ranksOf } from './launchers.js';
import { Workshop } from './run-cli.js';

const KILLS = Number(process.env['NANOGPT_KILLS'] ?? 2);
/** Until when after its start a rank is killed, and until when after a first checkpoint. */
const LATEST_MS = { start: 4000, checkpoint: 1500 };
const ALONE = { env: { NANOGPT_THREADS: '1' } };
const SETTINGS = [
  'blockSize=4',
  'nEmbd=8',
  'nHidden=16',
  'norm=batch',
  'optimizer=adamw',
  'batchSize=16',
  'batchParts=4',
  'evalInterval=100000',
  'logInterval=1000',
  'checkpointInterval=2',
  'warmupSteps=0',
  'schedule=constant',
];

let workshop: Workshop;

beforeAll(() => {
  workshop = new Workshop();
}, 60_000);

afterAll(() => workshop?.[Symbol.dispose]());

const args = (name: string) => {
  const settings = SETTINGS.flatMap((pair) => ['--set', pair]);
  const fresh = ['mlp', '--preset', 'chars', '--data', 'text.txt', ...settings];
  const exists = fs.existsSync(workshop.path('runs', name));
  return [
    'train',
    ...(exists ? ['--resume', `runs/${name}`] : [...fresh, '--out', `runs/${name}`]),
  ];
};

/** The step of the latest checkpoint; 0 before there is one. */
function stepOf(name: string): number {
  const latest = workshop.path('runs', name, 'checkpoints', 'latest');
  return fs.existsSync(latest) ? Number(/\d+/.exec(fs.readFileSync(latest, 'utf8'))![0]) : 0;
}

/** What a checkpoint comes to. */
function bitsOf(name: string, step: number): string[] {
  const folder = `step-${String(step).padStart(6, '0')}`;
  return ['model', 'optimizer'].map((part) =>
    fs.readFileSync(
      workshop.path('runs', name, 'checkpoints', folder, `${part}.safetensors`),
      'hex',
    ),
  );
}

/** Trains on ranks until one of them is killed, after the start or after a checkpoint; returns how it was. */
async function killed(
  launcher: Launcher,
  name: string,
  size: number,
  after: keyof typeof LATEST_MS,
): Promise<string> {
  const before = stepOf(name);
  const main = workshop.path('package', 'dist', 'cli', 'main.js');
  const env = { NANOGPT_CACHE_DIR: workshop.path('cache') };
  let hasEnded = false;
  const ended = launch(launcher, size, [main, ...args(name), '--steps', '1000000'], {
    cwd: workshop.folder,
    env,
  }).finally(() => {
    hasEnded = true;
  });
  while (after === 'checkpoint' && stepOf(name) === before && !hasEnded) await sleep(20);
  const moment = Math.random() * LATEST_MS[after];
  await sleep(moment);
  let found = ranksOf(name);
  while (found.length === 0 && !hasEnded) {
    await sleep(20); // the launcher is still at it
    found = ranksOf(name);
  }
  const victim = found[Math.floor(Math.random() * found.length)];
  if (victim !== undefined) process.kill(victim, 'SIGKILL');
  const ran = await ended;
  const story = `one of ${found.length} ranks killed ${moment.toFixed(0)} ms after its ${after}`;
  expect(victim, `${story}: ${ran.stderr}`).toBeDefined();
  expect(ran.code, `${story}: ${ran.stderr}`).not.toBe(0);
  return story;
}

describe.skipIf(LAUNCHERS.length === 0).each(LAUNCHERS)('ranks of $family', (launcher) => {
  it(`resume after each of ${KILLS} kills`, { timeout: 60_000 * (KILLS + 2) }, async () => {
    const name = `killed-${launcher.family.replace(' ', '-')}`;
    for (let i = 0; i < KILLS; i++) {
      const story = await killed(
        launcher,
        name,
        i % 4 < 2 ? 4 : 2,
        i % 2 === 0 ? 'start' : 'checkpoint',
      );
      // A launcher may end a moment before the last of its ranks does.
      await expect.poll(() => ranksOf(name), { timeout: 20_000, message: story }).toEqual([]);
      const steps = stepOf(name) + 2;
      const { steps: done } = await workshop.json([...args(name), '--steps', `${steps}`], ALONE);
      expect(done, story).toBe(steps);
      if (process.env['NANOGPT_KILLS']) console.log(`${launcher.family}: ${story}, step ${done}`);
    }
    const steps = stepOf(name);
    const undisturbed = `${name}-not`;
    await workshop.json([...args(undisturbed), '--steps', `${steps}`], ALONE);
    expect(bitsOf(name, steps)).toEqual(bitsOf(undisturbed, steps));
  });
});
