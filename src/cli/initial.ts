/** The weights that a command is told to begin with. */

import type { DataProgress } from '../data/index.js';
import { readRunConfig } from '../runs/index.js';
import { createTokenizer } from '../tokenizers/index.js';
import { type Initial, isRunFolder, openInitial } from '../train/index.js';
import { cacheDir } from '../util/cache-dir.js';
import { UsageError } from '../util/errors.js';
import { lookForRun } from './find-run.js';
import { importRecorded } from './imports.js';
import { parseCheckpoint } from './open-run.js';
import type { Output } from './output.js';

/** Tokens that a published model sees at once unless told: what generation remembers grows with them. */
const MOST_TOKENS = 1024;

export interface InitialNames {
  tokenizer?: string | undefined;
  blockSize?: number | undefined;
  /** Of a run. */
  checkpoint?: string | undefined;
  /** Of a run. */
  ema?: boolean | undefined;
}

/** What fetching and long work report to. */
interface Work {
  onProgress?: ((progress: DataProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Opens what the user calls a run, or a published model: see `openInitial`. */
export async function openNamedInitial(
  where: string,
  { tokenizer: spec, blockSize, checkpoint: which, ema }: InitialNames,
  work: Work,
  output: Output,
): Promise<Initial> {
  const run = lookForRun(where);
  const isOwn = run !== undefined && isRunFolder(run);
  const config = isOwn ? readRunConfig(run) : undefined;
  if (isOwn) await importRecorded(run, config?.imports, (line) => output.notice(line));
  const text = (): never => {
    throw new UsageError(
      `${spec} makes its vocabulary from a text, and ${where} has learned one already: another vocabulary. Leave --tokenizer out.`,
    );
  };
  // Compared with the model's own; it stands in where that has none.
  const tokenizer =
    spec === undefined || spec === config?.tokenizer
      ? undefined
      : await createTokenizer(spec, { cacheDir: cacheDir('tokenizers'), text, ...work });
  if (which !== undefined && !isOwn) {
    throw new UsageError(`--checkpoint is one of a run, and ${where} is none.`);
  }
  if (ema && !isOwn) throw new UsageError(`--ema is for a run's weights, and ${where} is none.`);
  const checkpoint = which === undefined ? undefined : parseCheckpoint(which);
  const options = { ...work, tokenizer, blockSize, checkpoint, ema, mostTokens: MOST_TOKENS };
  return openInitial(isOwn ? run : where, options);
}
