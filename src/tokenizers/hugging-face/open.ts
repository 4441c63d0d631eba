/** Tokenizers of the Hugging Face hub, from files on a disk. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRegularFile } from '../../util/read-file.js';
import { HuggingFaceTokenizer } from './tokenizer.js';

const MOST_BYTES = 1 << 28;

/** Reads a `tokenizer.json`, or a folder that has one; the configuration beside it is read too. */
export function openHuggingFace(path: string, name = path): HuggingFaceTokenizer {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const file = isFolder ? join(path, 'tokenizer.json') : path;
  const config = join(dirname(file), 'tokenizer_config.json');
  return new HuggingFaceTokenizer(
    { tokenizer: read(file), config: existsSync(config) ? read(config) : undefined },
    name,
  );
}

function read(path: string): string {
  return readRegularFile(path, MOST_BYTES).toString('utf8');
}
