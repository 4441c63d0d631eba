/** Runs side by side: single-threaded processes, since a small net leaves a second core idle. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlannedRun } from './design.js';
import type { FinishedRun } from './results.js';
import type { Setting } from './study.js';
import type { WorkerOrder } from './worker.js';

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));

export interface WorkersOptions {
  /** As `findStudy` takes it. */
  readonly study: string;
  readonly setting: Setting;
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes all runs, each in the next process that is free. A process that dies takes its run with it, which has failed
 * then, and another takes its place.
 *
 * @param finished told of each run as it ends.
 */
export async function runInWorkers(
  runs: readonly PlannedRun[],
  { study, setting, count, signal }: WorkersOptions,
  finished: (run: FinishedRun) => void,
): Promise<void> {
  const waiting = runs.slice();
  const alive = new Set<ChildProcess>();
  const killAll = () => {
    for (const child of alive) child.kill('SIGKILL');
  };
  const start = () => {
    const env = { ...process.env, NANOGPT_THREADS: '1' };
    const child = fork(WORKER, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    alive.add(child);
    child.send({ study, setting } satisfies WorkerOrder);
    return child;
  };
  const work = async () => {
    let child: ChildProcess | undefined;
    while (waiting.length > 0 && !signal?.aborted) {
      child ??= start();
      const run = waiting.shift()!;
      const began = performance.now();
      const end = await endOf(child, run);
      if (signal?.aborted) return;
      if (typeof end === 'object') {
        finished(end);
        continue;
      }
      alive.delete(child);
      child = undefined;
      const seconds = Math.round(performance.now() - began) / 1000;
      finished({ ...run, seconds, failed: `its process ended (${end})` });
    }
  };
  signal?.addEventListener('abort', killAll);
  try {
    await Promise.all(Array.from({ length: Math.min(count, runs.length) }, work));
  } finally {
    signal?.removeEventListener('abort', killAll);
    killAll();
  }
}

/** The finished run, or how the process ended. */
function endOf(child: ChildProcess, run: PlannedRun): Promise<FinishedRun | string> {
  return new Promise((resolve) => {
    const done = (end: FinishedRun | string) => {
      child.off('message', message);
      child.off('exit', exit);
      resolve(end);
    };
    const message = (finished: unknown) => done(finished as FinishedRun);
    const exit = (code: number | null, signal: string | null) => done(signal ?? `code ${code}`);
    child.once('message', message);
    child.once('exit', exit);
    child.send({ run } satisfies WorkerOrder);
  });
}
