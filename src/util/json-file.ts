/** Reading small JSON files, whatever stands in their place. */
import { UserError } from './errors.js';
import { readRegularFile } from './read-file.js';

/** Far deeper than anything that is written, and far from where recursion would end. */
const MAX_DEPTH = 64;

/**
 * The value in a file of JSON.
 *
 * @throws UserError when it is not a file, larger than `maxBytes`, not JSON, or nested without sense.
 */
export function readJsonFile(file: string, maxBytes: number): unknown {
  const text = readRegularFile(file, maxBytes).toString('utf8');
  if (isDeeperThan(MAX_DEPTH, text)) {
    throw new UserError(`${file}: is damaged: it is nested more than ${MAX_DEPTH} deep.`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${file}: is damaged: not valid JSON.`, { cause });
  }
}

/** Whether brackets outside strings are open at once in a greater number. */
export function isDeeperThan(most: number, text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > most) return true;
  }
  return false;
}
