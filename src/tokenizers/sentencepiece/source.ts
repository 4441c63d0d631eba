/** Where a training's lines come from. */
import { UsageError } from '../../util/errors.js';
import { readInput } from '../read-input.js';
import { linesOfText, type Source } from './corpus.js';

/**
 * The text, or else the files, read one after the other.
 *
 * @throws UsageError where there is neither; UserError, while it is read, for a file that cannot be read or is not UTF-8.
 */
export function sourceOf(input: readonly string[] = [], text?: string): Iterable<Source> {
  if (text !== undefined) return [linesOfText(text)];
  if (input.length === 0) throw new UsageError('input is needed: at least one text file');
  return linesOfFiles(input);
}

function* linesOfFiles(paths: readonly string[]): Generator<Source> {
  for (const path of paths) yield linesOfText(readInput(path), path);
}
