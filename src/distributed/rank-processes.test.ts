import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { isRunning, launcherOf } from './rank-processes.js';

const VARIABLE = 'NANOGPT_TEST_RANK';
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  delete process.env[VARIABLE];
});

/** A process that lives until it is killed, once it runs what it should. */
async function rank(number: number): Promise<ChildProcess> {
  const env = { ...process.env, [VARIABLE]: String(number) };
  const child = spawn(
    process.execPath,
    ['-e', "require('fs').writeSync(1, 'up'); setInterval(() => {}, 1e6)"],
    {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  children.push(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return child;
}

it.runIf(existsSync('/proc/self/environ'))('knows the ranks of one launcher', async () => {
  const launched = { rankVariable: VARIABLE };
  const zero = await rank(0);
  await rank(1);
  expect(launcherOf(launched, zero.pid!)).toBe(process.pid);
  // This process is beside them, started by another: none of theirs is one of its own.
  expect(isRunning(0, launched)).toBe(false);
  expect(isRunning(0, launched, children[1]!.pid!)).toBe(true);
  expect(isRunning(2, launched, children[1]!.pid!)).toBe(false);
  const ended = new Promise((resolve) => zero.once('exit', resolve));
  zero.kill('SIGKILL');
  await ended;
  expect(isRunning(0, launched, children[1]!.pid!)).toBe(false);
});

it('finds no launcher of a process that is not there', () => {
  expect(launcherOf({ rankVariable: VARIABLE }, 2 ** 22 + 1)).toBe(null);
});
