/** Launchers of MPI on this machine, for tests with several ranks; without one those are skipped, with a note. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import type { Ran } from './run-cli.js';

export interface Launcher {
  readonly family: 'Open MPI' | 'MPICH';
  readonly program: string;
}

/** One launcher of each family. */
export const LAUNCHERS: readonly Launcher[] = found();

if (LAUNCHERS.length === 0) {
  process.stderr.write(
    'no launcher of MPI here (mpirun): tests with several ranks are skipped. Debian has openmpi-bin and mpich.\n',
  );
}

function found(): Launcher[] {
  const launchers = new Map<Launcher['family'], Launcher>();
  for (const program of ['mpirun.openmpi', 'mpirun.mpich', 'mpirun']) {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    const family = /Open MPI|OpenRTE/.test(stdout ?? '')
      ? 'Open MPI'
      : /HYDRA|MPICH/.test(stdout ?? '')
        ? 'MPICH'
        : undefined;
    if (family && !launchers.has(family)) launchers.set(family, { family, program });
  }
  return [...launchers.values()];
}

/** More ranks than cores, each with one thread, none in another's way. */
const OPEN_MPI = ['--oversubscribe', '--bind-to', 'none', '--mca', 'mpi_yield_when_idle', '1'];

export interface LaunchOptions {
  cwd: string;
  env?: Record<string, string | undefined>;
  /** Called with the launcher's process and all that came so far, whenever more comes. */
  watch?: (child: ChildProcess, ran: Ran) => void;
}

/** Runs a program of Node on so many ranks. */
export function launch(
  { family, program }: Launcher,
  ranks: number,
  args: readonly string[],
  { cwd, env, watch }: LaunchOptions,
): Promise<Ran> {
  const own = family === 'Open MPI' ? OPEN_MPI : [];
  const child = spawn(program, [...own, '-n', String(ranks), process.execPath, ...args], {
    cwd,
    env: {
      ...process.env,
      OMPI_ALLOW_RUN_AS_ROOT: '1',
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
      NANOGPT_THREADS: '1',
      NANOGPT_DATA_DIR: undefined,
      NANOGPT_BACKEND: undefined,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    const ran: Ran = { code: null, signal: null, stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        ran[stream] += text;
        watch?.(child, ran);
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...ran, code, signal }));
  });
}

/** What nanogpt itself said: a launcher adds lines of its own. */
export function saidIn(ran: Ran): string[] {
  return ran.stderr.split('\n').filter((line) => line.startsWith('nanogpt: '));
}

/** Numbers of the processes that train a run, by rank; the launcher is not one of them. */
export function ranksOf(run: string): number[] {
  const found: { pid: number; rank: number }[] = [];
  for (const entry of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const args = fs.readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      if (!args[0]!.endsWith('node') || !args.includes(`runs/${run}`)) continue;
      const environment = fs.readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      const rank = environment.find((line) => /^(OMPI_COMM_WORLD_RANK|PMI_RANK)=/.test(line));
      found.push({ pid: Number(entry), rank: Number(rank!.split('=')[1]) });
    } catch {
      // it has ended meanwhile
    }
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ pid }) => pid);
}
