/** Reading models from where they lie. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../util/errors.js';
import { readRegularFile } from '../../util/read-file.js';
import { MODEL_FILE } from './model-name.js';

/** Larger files are no models; they are not even read. */
const MOST_BYTES = 1 << 28;

/** The content of a `.model` file. @throws UserError where it cannot be read. */
export function readModelFile(path: string): Uint8Array {
  return readRegularFile(path, MOST_BYTES);
}

/** The content of the model in a tokenizer's folder. @throws UserError where there is none. */
export function readModelFolder(dir: string): Uint8Array {
  const path = join(dir, MODEL_FILE);
  if (!existsSync(path)) throw new UserError(`${dir} has no ${MODEL_FILE}`);
  return readModelFile(path);
}
