/**
 * Runs a study by its name: `npm run study makemore`. Studies are notes that can be run; each says at its
 * top what it shows and which options it takes (after `--`).
 */
import { UserError } from 'nanogpt';
import { makemore } from './makemore.js';
import { switches } from './switches.js';

const STUDIES: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  makemore,
  switches,
};

const [name = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(STUDIES, name)) {
  const known = Object.keys(STUDIES).join(', ');
  console.error(`study "${name}": expected npm run study NAME with one of: ${known}.`);
  process.exitCode = 2;
} else {
  try {
    await STUDIES[name]!(args);
  } catch (error) {
    const isUsage = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!(error instanceof UserError) && !isUsage) throw error;
    console.error((error as Error).message);
    process.exitCode = error instanceof UserError ? error.exitCode : 2;
  }
}
