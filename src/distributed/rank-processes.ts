/** The processes that a launcher started on this machine, as the system tells of them. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Launched } from './launcher.js';

type Rank = Pick<Launched, 'rankVariable'>;

/** The process that started this machine's ranks: the nearest ancestor of one that is none itself, by its variables. */
export function launcherOf({ rankVariable }: Rank, process: number): number | null {
  try {
    for (let pid = parentOf(process); pid > 1; pid = parentOf(pid)) {
      if (!variablesOf(pid).some((line) => line.startsWith(`${rankVariable}=`))) return pid;
    }
  } catch {
    // no /proc, or somebody else's process
  }
  return null;
}

/**
 * Whether a rank of the same launcher runs on this machine. True where that cannot be found out.
 *
 * @param fellow a process of that launcher's. Default: this one.
 */
export function isRunning(rank: number, launched: Rank, fellow = process.pid): boolean {
  const launcher = launcherOf(launched, fellow);
  if (launcher === null) return true;
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const isIt = variablesOf(Number(entry)).includes(`${launched.rankVariable}=${rank}`);
      return isIt && launcherOf(launched, Number(entry)) === launcher;
    } catch {
      return false; // it has ended meanwhile, or is somebody else's
    }
  });
}

function variablesOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
