/** This process as one of several ranks: what it is to say, and how it is to end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findLauncher } from '../distributed/launcher.js';
import { isRunning } from '../distributed/rank-processes.js';
import { UsageError } from '../util/errors.js';

/** What ends several ranks. */
export interface Part {
  readonly rank: number;
  /** Whether this one may say why all end. */
  speak(): boolean;
  /** Ends all of them at once. */
  abort(code: number): void;
  /** Waits for all of them, and leaves. */
  leave(): void;
}

/** What goes wrong on all ranks is said by rank 0, in so much time; the others then are ended by it. */
const FIRST_WORD_MS = 1000;
/** So long has a rank to say what it alone knows before others end it. */
const LAST_WORD_MS = 5000;
/** How often a rank looks whether another still runs. */
const LOOK_MS = 50;

/** So long a launcher has to pass on what was said: MPICH's drops what is still on its way when all are ended. */
const PASS_ON_MS = 200;

let part: Part | undefined;

/** From now on this process ends together with other ranks. */
export function takePart(taken: Part): void {
  part = taken;
}

/** Whether rank 0 speaks for this process. */
export function isFollower(): boolean {
  return (part ?? findLauncher() ?? { rank: 0 }).rank > 0;
}

/**
 * Lets rank 0 say what is wrong with the command, which is the same on all of them. MPI, by which they could agree, has
 * not begun. Some launchers end every rank as soon as one has failed, so the others wait to be ended; MPICH's does
 * not, so there they end once rank 0 has.
 */
export async function leaveTheWord(): Promise<void> {
  const launched = findLauncher();
  if (part || !launched || launched.rank === 0) return;
  for (let waited = 0; waited < LAST_WORD_MS; waited += LOOK_MS) {
    if (launched.isOneMachine && !isRunning(0, launched)) return;
    await sleep(LOOK_MS);
  }
}

/** Prints what went wrong, and ends all ranks, where there are several. */
export async function failTogether(error: unknown, knownElsewhere: boolean): Promise<void> {
  const rank = (part ?? findLauncher())?.rank;
  if (rank !== undefined && rank > 0) {
    if (!part && error instanceof UsageError) {
      process.exitCode = error.exitCode;
      return leaveTheWord();
    }
    await sleep(FIRST_WORD_MS);
  }
  if (knownElsewhere) await sleep(LAST_WORD_MS);
  if (part?.speak() ?? true) (await import('./fail.js')).fail(error, rank);
  else process.exitCode = 1;
  if (part) await sleep(PASS_ON_MS);
  part?.abort(Number(process.exitCode));
}

/**
 * Ends the process where it is one of several ranks. It does so outright: libraries of MPI do not bear to be
 * unloaded as Node does it when nothing is left to do (Open MPI 4.1 ends in a segmentation fault).
 */
export function leaveTogether(): void {
  if (!part) return;
  part.leave();
  process.exit();
}
