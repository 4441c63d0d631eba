/**
 * Says which rank was killed, where the launcher does not: a program of its own, since launchers end all ranks
 * as soon as one has died. Arguments: a folder with a pipe for each rank, which that holds open as long as it
 * lives, and how many there are. A word through any of them says that all is well.
 *
 * Which of them closed first the system tells in the order in which it happened.
 */
import { constants, openSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { pipeOf, takeTurn } from './last-word.js';

const [folder, size] = process.argv.slice(2) as [string, string];

function end(words?: string): never {
  if (words !== undefined && takeTurn(folder)) writeSync(2, words);
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}

for (let rank = 0; rank < Number(size); rank++) {
  const fd = openSync(pipeOf(folder, rank), constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('data', () => end());
  pipe.on('end', () => end(`nanogpt: rank ${rank} was killed, or crashed: all ranks end.\n`));
  pipe.on('error', () => end());
}
