/** Stands in for `model-file.ts` in a browser. */
import { UserError } from '../../util/errors.js';

/** @throws UserError: there are no files. */
export function readModelFile(): never {
  throw new UserError(
    'a browser has no files to read from; new SentencePieceTokenizer(bytes, name) takes them',
  );
}

export const readModelFolder = readModelFile;
