/** Settings of a run that several ranks train. */
import type { Ranks } from '../distributed/ranks.js';
import type { RunSettings } from '../runs/config.js';
import { UsageError } from '../util/errors.js';
import { partsFor } from './micro-batches.js';

/**
 * Cuts batches into as many parts as it takes to give every rank the same number of them, where they are not.
 * With one rank, and for a model that counts, nothing changes.
 *
 * @throws UsageError when the batch does not divide into them.
 */
export function settingsForRanks(
  settings: RunSettings,
  { size }: Pick<Ranks, 'size'>,
): { settings: RunSettings; isChanged: boolean } {
  const { training } = settings;
  const batchParts = partsFor(training, size);
  if (batchParts === training.batchParts) return { settings, isChanged: false };
  const { batchSize } = training;
  if (batchSize % batchParts !== 0) {
    throw new UsageError(
      `${size} ranks: a batch of ${batchSize} cannot be cut into ${batchParts} equal parts. Take a batchSize that ${batchParts} divides, or fewer ranks.`,
    );
  }
  return { settings: { ...settings, training: { ...training, batchParts } }, isChanged: true };
}
