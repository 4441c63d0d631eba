/** Opening a trained run for the commands that use one. */
import { type CheckpointChoice, readRunConfig } from '../runs/index.js';
import { type OpenedRun, openRun } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { findRun } from './find-run.js';
import { importRecorded } from './imports.js';
import { type Output, thousands } from './output.js';
import { prepareBackend } from './threads.js';

export interface OpenOptions {
  checkpoint?: string;
  ema?: true;
  threads?: number;
}

/**
 * Opens what the user calls a run.
 *
 * The latest checkpoint by default: what training ended with, so that `eval` gives the loss that
 * training printed.
 */
export async function openNamedRun(
  name: string,
  { checkpoint = 'latest', ema, threads }: OpenOptions,
  output: Output,
): Promise<OpenedRun> {
  const from = parseCheckpoint(checkpoint);
  const folder = findRun(name);
  const { imports } = readRunConfig(folder);
  await importRecorded(folder, imports, (line) => output.notice(line));
  prepareBackend(output, threads);
  const opened = await openRun(folder, { from, ema });
  for (const line of opened.notices) output.notice(line);
  return opened;
}

/** `latest checkpoint, step 1,400; the best is step 900`. */
export function checkpointSentence(
  { checkpoint, run }: OpenedRun,
  { ema }: OpenOptions = {},
): string {
  const { step, best } = checkpoint.state;
  const isLatest = run.checkpoints.pointer('latest') === checkpoint.name;
  const isBest = run.checkpoints.pointer('best') === checkpoint.name;
  const which = [...(isLatest ? ['latest'] : []), ...(isBest ? ['best'] : [])].join(' and ');
  const average = ema ? ', average of the weights' : '';
  const other = isBest || !best ? '' : `; the best is step ${thousands(best.step)}`;
  return `${which ? `${which} checkpoint, ` : ''}step ${thousands(step)}${average}${other}`;
}

/** @throws UsageError */
export function parseCheckpoint(text: string): CheckpointChoice {
  if (text === 'latest' || text === 'best') return text;
  const step = Number(text.replace(/^step-/, ''));
  if (text !== '' && Number.isSafeInteger(step) && step >= 0) return step;
  throw new UsageError(`--checkpoint ${text}: expected latest, best, or a step such as 1400.`);
}
