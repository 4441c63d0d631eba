/** Where a new run goes. */
import path from 'node:path';
import { RunDirectory } from '../runs/index.js';
import { UsageError } from '../util/errors.js';

/** The folder and the name that `--out` names. @throws UsageError, UserError where no run can have that name. */
export function placeOf(out: string): { folder: string; name: string } {
  if (out === '') throw new UsageError("--out: expected the run's folder, got nothing.");
  const target = path.resolve(out);
  const place = { folder: path.dirname(target), name: path.basename(target) };
  RunDirectory.requireFree(place.name, place.folder);
  return place;
}
