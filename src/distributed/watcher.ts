/**
 * Says which rank was killed, where the launcher does not: a program of its own, since launchers end all ranks
 * as soon as one has died. Arguments: a folder in which each rank puts a pipe that it holds open as long as it
 * lives, and how many there are. A word through any of them says that all is well.
 *
 * Which of them closed first the system tells in the order in which it happened.
 */
import { constants, existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { pipeOf, takeTurn } from './last-word.js';

/** How often it looks whether a rank has come, which takes as long as Node's start. */
const LOOK_MS = 20;

const [folder, size] = process.argv.slice(2) as [string, string];
/** Ranks that have come. */
let come = 0;

function end(died?: number): never {
  if (died !== undefined && takeTurn(folder)) {
    // One that has not come may have been the first.
    const which = come === Number(size) ? `rank ${died}` : 'a rank, before all had begun,';
    writeSync(2, `nanogpt: ${which} was killed, or crashed: all ranks end.\n`);
  }
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}

function watch(rank: number): void {
  if (!existsSync(folder)) end();
  if (!existsSync(pipeOf(folder, rank))) {
    setTimeout(watch, LOOK_MS, rank);
    return;
  }
  come++;
  const fd = openSync(pipeOf(folder, rank), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Of one that ended before this was opened, nothing would be heard.
    end(readSync(fd, Buffer.alloc(1)) > 0 ? undefined : rank);
  } catch {
    // nothing to be read, as it should be
  }
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('data', () => end());
  pipe.on('end', () => end(rank));
  pipe.on('error', () => end());
}

for (let rank = 0; rank < Number(size); rank++) watch(rank);
