/** Drawn calls, one after the other, each known by a seed: what fails is gathered, what hangs or crashes is named. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

/** How many calls are drawn: NANOGPT_FUZZ, set by `npm run fuzz`; few in the normal tests. */
export const CALLS = Number(process.env['NANOGPT_FUZZ'] ?? 10_000);
const FIRST_SEED = Number(process.env['NANOGPT_FUZZ_SEED'] ?? 1);
const TRACE = process.env['NANOGPT_FUZZ_TRACE'] !== undefined;

/** Seconds after which a call is reported as one that hangs, and after which the process is ended. */
const SLOW = 20;
const HANGS = 120;

/**
 * A process that reads which seed is under way. It survives a crash of this one, and is not stopped by a
 * call that never returns.
 */
const WATCHER = `
const fs = require('fs');
const [folder, test, hint, pid, slow, hangs] = process.argv.slice(1);
const file = require('path').join(folder, 'seed');
let last = -1, since = Date.now(), said = false, done = false;
const seed = () => { try { return fs.readFileSync(file).readDoubleLE(0); } catch { return NaN; } };
const say = (what) => fs.writeSync(2, 'fuzz: ' + what + ': see it with NANOGPT_FUZZ_SEED=' + seed() + ' ' + hint + ' npx vitest run ' + test + '\\n');
process.stdin.on('data', () => { done = true; });
process.stdin.on('end', () => { if (!done) say('the process ended in a call'); fs.rmSync(folder, { recursive: true, force: true }); process.exit(); });
setInterval(() => {
  const now = seed();
  if (now !== last) { last = now; since = Date.now(); said = false; return; }
  const seconds = (Date.now() - since) / 1000;
  if (seconds > slow && !said) { said = true; say('a call has taken ' + Math.round(seconds) + ' s'); }
  if (seconds > hangs) process.kill(Number(pid), 'SIGKILL');
}, 1000);
`;

class Watch {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nanogpt-fuzz-'));
  readonly #file = openSync(join(this.#folder, 'seed'), 'w');
  readonly #seed = new Float64Array(1);
  readonly #watcher: ChildProcess;

  constructor(file: string) {
    const hint = 'NANOGPT_FUZZ=1 NANOGPT_FUZZ_TRACE=1';
    const numbers = [process.pid, SLOW, HANGS].map(String);
    this.#watcher = spawn(process.execPath, ['-e', WATCHER, this.#folder, file, hint, ...numbers], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  note(seed: number): void {
    this.#seed[0] = seed;
    writeSync(this.#file, this.#seed, 0, 8, 0);
  }

  close(): void {
    this.#watcher.stdin!.end('done');
    closeSync(this.#file);
  }
}

/** What went wrong in a drawn call. */
export interface Failure {
  /** Failures of one kind are reported once. */
  readonly kind: string;
  readonly text: string;
}

/** To be called with each call before it is made. */
export function trace(call: () => string): void {
  if (TRACE) writeSync(2, `${call()}\n`);
}

/** Runs `attempt` for so many seeds, and fails with all kinds of failure that it met. */
export function fuzz(
  file: string,
  count: number,
  attempt: (seed: number) => readonly Failure[],
): void {
  const failures = new Map<string, string>();
  const watch = new Watch(file);
  try {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
      watch.note(seed);
      for (const { kind, text } of attempt(seed)) {
        if (failures.has(kind)) continue;
        failures.set(kind, `${text} (seed ${seed})`);
        writeSync(2, `fuzz: ${failures.get(kind)}\n`); // at once: a long run may be stopped
      }
    }
  } finally {
    watch.close();
  }
  expect([...failures.values()], [...failures.values()].join('\n')).toEqual([]);
}

/** Where an error came from: the first lines of its stack. */
export function placeOf(error: unknown, lines = 3): string {
  const stack = String((error as Error | undefined)?.stack ?? '');
  const places = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return places.slice(0, lines).join('\n');
}
