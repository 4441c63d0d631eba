/**
 * Trains a SentencePiece model of type BPE: settings in, `.model` and `.vocab` out, both equal to what
 * the original writes for the same settings.
 */
import { assemble, type TrainedModel } from './assemble.js';
import { learn } from './learn.js';
import { sourceOf } from './source.js';
import type { Recorded, TrainerSettings } from './spec.js';

export type { TrainedModel } from './assemble.js';

/**
 * Trains on this thread, and writes nothing.
 *
 * @param text trained on in place of the files that `input` names; `input` is then only recorded.
 */
export async function train(
  given: Partial<TrainerSettings>,
  recorded: Recorded = {},
  text?: string,
): Promise<TrainedModel> {
  return assemble(given, recorded, await learn(given, sourceOf(given.input, text)));
}
