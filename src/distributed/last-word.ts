/** Who says why all ranks of a machine end: one of them, once, even if it was killed. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gather, type Ranks } from './ranks.js';

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
  readonly #folder: string;
  /** Its pipe; null where nobody watches. */
  #held: number | null = null;

  /**
   * All ranks make theirs together.
   *
   * @param job a number that the ranks of this job share.
   * @param isWatched whether a rank that is killed is to be named; all are on one machine then.
   */
  constructor(ranks: Ranks, job: number, isWatched: boolean) {
    // Open MPI removes its own folder at the end.
    const parent = process.env['PMIX_SERVER_TMPDIR'] ?? tmpdir();
    this.#folder = join(parent, `nanogpt-ranks-${job}`);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      closeSync(openSync(join(this.#folder, 'turn'), 'a'));
      if (isWatched) this.#hold(ranks.rank);
    } catch {
      // no room for files: then each speaks for itself, and nobody for the dead
    }
    const areHeld = !gather(ranks, this.#held === null ? 0 : 1).includes(0);
    if (ranks.rank === 0 && areHeld) this.#watch(ranks.size);
  }

  #hold(rank: number): void {
    const pipe = pipeOf(this.#folder, rank);
    spawnSync('mkfifo', [pipe]);
    this.#held = openSync(pipe, constants.O_RDWR); // for writing alone it would wait for a reader
  }

  /** In a session of its own, the watcher does not end with the ranks. */
  #watch(size: number): void {
    const program = fileURLToPath(new URL('./watcher.js', import.meta.url));
    const args = [program, this.#folder, String(size)];
    const stdio = ['ignore', 'ignore', 'inherit'] as const;
    const watcher = spawn(process.execPath, args, { detached: true, stdio: [...stdio] });
    watcher.on('error', () => {}); // no memory for it: nobody speaks for the dead
    watcher.unref();
  }

  /** Whether nobody has spoken yet. It is this rank's turn then, and nobody else's. */
  take(): boolean {
    return takeTurn(this.#folder);
  }

  /** All is well: nothing is to be said when this process ends. */
  giveUp(rank: number): void {
    if (this.#held !== null) writeSync(this.#held, '.');
    else if (rank === 0) rmSync(this.#folder, { recursive: true, force: true });
  }
}
