/** Who says why all ranks of a machine end: one of them, once, even if it was killed. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Launched } from './launcher.js';
import { launcherOf } from './rank-processes.js';

/** The pipe that a rank holds. */
export function pipeOf(folder: string, rank: number): string {
  return join(folder, String(rank));
}

/** Whether nobody has taken the right to speak, which is a file that one of them can remove. */
export function takeTurn(folder: string): boolean {
  try {
    unlinkSync(join(folder, 'turn'));
    return true;
  } catch {
    return false;
  }
}

/** The right of a rank to speak before all end. */
export class LastWord {
  readonly #rank: number;
  /** What the ranks on this machine have in common; null where that cannot be found out, and each speaks for itself. */
  readonly #folder: string | null;
  /** Its pipe; null where nobody watches. */
  #held: number | null = null;

  /** To be made before MPI starts, whose libraries do not all bear that processes are started afterwards. */
  constructor(launched: Launched) {
    const { rank, size, namesTheDead, isOneMachine } = launched;
    this.#rank = rank;
    const launcher = launcherOf(launched, process.pid);
    // Open MPI has a folder for a job's files, and removes it, however the job ends.
    const parent = process.env['PMIX_SERVER_TMPDIR'] ?? tmpdir();
    this.#folder = launcher === null ? null : join(parent, `nanogpt-ranks-${launcher}`);
    if (this.#folder === null) return;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      closeSync(openSync(join(this.#folder, 'turn'), 'a'));
      // With other machines, theirs would be said to have died, too.
      if (!namesTheDead && isOneMachine) this.#hold(this.#folder, size);
    } catch {
      // no room for files: nobody speaks for the dead
    }
  }

  /** Holds a pipe, which others see once it is held; rank 0 has them watched. */
  #hold(folder: string, size: number): void {
    const pipe = pipeOf(folder, this.#rank);
    spawnSync('mkfifo', [`${pipe}.new`]);
    this.#held = openSync(`${pipe}.new`, constants.O_RDWR); // for writing alone it would wait for a reader
    renameSync(`${pipe}.new`, pipe);
    if (this.#rank > 0) return;
    const program = fileURLToPath(new URL('./watcher.js', import.meta.url));
    // In a session of its own, the watcher does not end with the ranks.
    const watcher = spawn(process.execPath, [program, folder, String(size)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    watcher.on('error', () => {}); // no memory for it: the same
    watcher.unref();
  }

  /** Whether nobody has spoken yet. It is this rank's turn then, and nobody else's. */
  take(): boolean {
    return this.#folder === null || takeTurn(this.#folder);
  }

  /** All is well: nothing is to be said when this process ends. */
  giveUp(): void {
    if (this.#held !== null) writeSync(this.#held, '.');
    else if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }
}
