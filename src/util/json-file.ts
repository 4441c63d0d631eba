/** Reading small JSON files, whatever stands in their place. */
import { UserError } from './errors.js';
import { isDeeperThan } from './json-depth.js';
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
