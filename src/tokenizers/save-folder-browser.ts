/** Stands in for `save-folder.ts` in a browser. */
import { UserError } from '../util/errors.js';

/** @throws UserError: there are no folders. */
export function writeFiles(): never {
  throw new UserError('save: a browser has no folders to write into; toFiles() gives the files');
}

export const saveFolder = writeFiles;
